"""Writes test/search/goldens/porter.json: words and their stems by NLTK's PorterStemmer with Martin Porter's extensions.

Words: every thirtieth of Debian's American word list (wamerican 2020.12.07-2, in the public domain), and made-up words
that reach every suffix with short and long stems. Made with nltk 3.10.4.
usage: python3 tools/goldens/search/porter.py > test/search/goldens/porter.json
"""

import json

import nltk
from nltk.stem.porter import PorterStemmer

SUFFIXES = (
    "ational tional enci anci izer bli abli alli entli eli ousli ization ation ator alism iveness fulness ousness aliti "
    "iviti biliti logi icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent sion tion "
    "ion ou ism ate iti ous ive ize e ll lle sses ies ss s eed ed ing ated bled ized y yy yyy ying eyed"
).split()
STEMS = ["", "a", "y", "ab", "by", "tr", "oat", "ayb", "hopp", "fil", "controll", "electr", "sss", "é", "ab1"]


def main():
    stemmer = PorterStemmer(mode=PorterStemmer.MARTIN_EXTENSIONS)
    with open("/usr/share/dict/american-english", encoding="utf-8") as file:
        words = sorted({line.strip().lower() for line in file})[::30]
    words += [stem + suffix for stem in STEMS for suffix in SUFFIXES]
    stems = {word: stemmer.stem(word, to_lowercase=False) for word in words if word}
    print(json.dumps({"made with": f"nltk {nltk.__version__}", "stems": stems}, ensure_ascii=False, separators=(",", ":")))


main()
