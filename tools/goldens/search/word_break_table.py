"""Writes src/search/bm25/word-break-data.ts: the character classes of Lucene's StandardTokenizer as ranges.

From the Unicode Character Database, version 15.0 (Debian package unicode-data 15.0.0-1, /usr/share/unicode).
usage: python3 tools/goldens/search/word_break_table.py [UCD-FOLDER] > src/search/bm25/word-break-data.ts
"""

import re
import sys

UCD = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode"
CLASSES = [
    "Other", "ALetter", "Hebrew_Letter", "Numeric", "Katakana", "ExtendNumLet", "MidLetter", "MidNum", "MidNumLet",
    "Single_Quote", "Double_Quote", "Extend", "ZWJ", "Complex_Context", "Complex_Context_Extend", "Han", "Hiragana",
    "Regional_Indicator", "Keycap_Base", "Emoji_Modifier", "Emoji_Modifier_Base", "Emoji",
]


def properties(name):
    """Code point -> value set of a UCD file of lines `first..last ; value # comment`."""
    for line in open(f"{UCD}/{name}", encoding="utf-8"):
        match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)", line)
        if match:
            first, last, value = match.groups()
            for code in range(int(first, 16), int(last or first, 16) + 1):
                yield code, value


def main():
    table = {}
    # Later lines overrule earlier ones: what can start a word goes last.
    emoji = {}
    for code, value in properties("emoji/emoji-data.txt"):
        emoji.setdefault(code, set()).add(value)
    for code, values in emoji.items():
        for value in ("Emoji_Modifier", "Emoji_Modifier_Base"):
            if value in values:
                table[code] = value
                break
        else:
            if values & {"Extended_Pictographic", "Emoji"}:
                table[code] = "Emoji"
    table[ord("#")] = table[ord("*")] = "Keycap_Base"
    for code, value in properties("Scripts.txt"):
        if value in ("Han", "Hiragana"):
            table[code] = value
    for code, value in properties("LineBreak.txt"):
        if value == "SA":
            table[code] = "Complex_Context"
    for code, value in properties("auxiliary/WordBreakProperty.txt"):
        value = "Extend" if value == "Format" else value
        if value == "Extend" and table.get(code) == "Complex_Context":
            table[code] = "Complex_Context_Extend"
        elif value in CLASSES and "Emoji_Modifier" not in emoji.get(code, ()):
            table[code] = value
    # Lucene also takes full-width digits for digits.
    for code in range(0xFF10, 0xFF1A):
        table[code] = "Numeric"

    # Ranges as text: gap before the range and its length in base 36, and the class as a letter, A for the first.
    parts, end, codes = [], 0, sorted(table)
    at = 0
    while at < len(codes):
        first, value = codes[at], table[codes[at]]
        last = first
        while at + 1 < len(codes) and codes[at + 1] == last + 1 and table[codes[at + 1]] == value:
            at += 1
            last = codes[at]
        parts.append(f"{base36(first - end)}{chr(65 + CLASSES.index(value))}{base36(last - first + 1)}")
        end = last + 1
        at += 1
    text = " ".join(parts)

    print("// Made by tools/goldens/search/word_break_table.py from the Unicode Character Database 15.0; do not edit.")
    print("// Unicode data files: (c) 1991-2022 Unicode, Inc., https://www.unicode.org/license.txt")
    print()
    print("/** The classes and their numbers: values of Word_Break (Extend with Format), and the classes that Lucene's grammar adds. */")
    print("export const wordBreakClass = {")
    for number, name in enumerate(CLASSES):
        print(f"  {name.replace('_', '')}: {number},")
    print("} as const;")
    print()
    print("/**")
    print(" * Ranges of code points of one class, in order: the gap since the range before (base 36), the class (A is class 0),")
    print(" * the number of code points (base 36). Code points outside all ranges are Other.")
    print(" */")
    print("export const wordBreakRanges =")
    lines = [text[i : i + 110] for i in range(0, len(text), 110)]
    for i, line in enumerate(lines):
        print(f"  '{line}'" + (" +" if i + 1 < len(lines) else ";"))


def base36(number):
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while True:
        text = digits[number % 36] + text
        number //= 36
        if number == 0:
            return text


main()
