"""Writes test/search/goldens/word-break.json: texts of Unicode's WordBreakTest.txt with the words that are tokens.

A segment is a token when it holds a letter, digit, kana, ideograph, pictograph or a pair of regional indicators.
Every seventh of the pairs, and all of the longer texts at the end. From the Unicode Character Database 15.0
(Debian package unicode-data 15.0.0-1).
usage: python3 tools/goldens/search/word_break_cases.py > test/search/goldens/word-break.json
"""

import json
import re

UCD = "/usr/share/unicode"


def properties(name):
    for line in open(f"{UCD}/{name}", encoding="utf-8"):
        match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)", line)
        if match:
            first, last, value = match.groups()
            for code in range(int(first, 16), int(last or first, 16) + 1):
                yield code, value


def main():
    word = {code for code, value in properties("auxiliary/WordBreakProperty.txt")
            if value in ("ALetter", "Hebrew_Letter", "Numeric", "Katakana")}
    word |= {code for code, value in properties("Scripts.txt") if value in ("Han", "Hiragana")}
    word |= {code for code, value in properties("emoji/emoji-data.txt") if value == "Extended_Pictographic"}
    flags = set(range(0x1F1E6, 0x1F200))

    cases = []
    for line in open(f"{UCD}/auxiliary/WordBreakTest.txt", encoding="utf-8"):
        body = line.split("#")[0].strip()
        if body:
            segments = [[int(code, 16) for code in part.replace("×", " ").split()] for part in body.split("÷")]
            cases.append([segment for segment in segments if segment])
    pairs = [case for case in cases if sum(map(len, case)) <= 3]
    longer = [case for case in cases if sum(map(len, case)) > 3]

    def text(codes):
        return "".join(map(chr, codes))

    rows = []
    for case in pairs[::7] + longer:
        tokens = [text(s) for s in case if word & set(s) or sum(code in flags for code in s) == 2]
        rows.append([text([code for segment in case for code in segment]), tokens])
    print(json.dumps({
        "source": "Unicode Character Database 15.0, WordBreakTest.txt, (c) 2022 Unicode, Inc.",
        "license": "https://www.unicode.org/license.txt (Unicode License)",
        "cases": rows,
    }, separators=(",", ":")))


main()
