"""The strings of the fuzz, which follow from a formula that test/models/tokenizer-strings.ts has too."""

WORDS = (
    "the of and search engine Query vector isn't I'm they'll we've token ization embedding 3.14 2024 1e-9 "
    "https://example.org/?q=a&b=c user@example.com x_y foo-bar UPPER Title straße naïve café e\u0301te\u0301 "
    "Ǆ ﬁn ½ Ⅷ ２０２４ ｆｕｌｌ ㍿ ①②③ 漢字 かな カタカナ 中文 한국어 \u1112\u1161\u11ab 日本語。 العربية हिन्दी ไทย עברית Ελλάς ΣΊΣΥΦΟΣ "
    "Привет İstanbul ı ſ K Å \u0344 \u1e9b\u0323 😀 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ✈️ 👍🏽 𝔘𝔫𝔦 𠮷 𝟘 ... --- !!! ??? <s> </s> [SEP] [MASK] <unk> <|endoftext|>"
).split(" ")
SPACES = [" ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u3000", "\u2009", "\u2028", "\u0085", "\u200b", "\ufeff", ""]
RANGES = [
    (0x00, 0x20),
    (0x20, 0x7F),
    (0x7F, 0x100),
    (0x100, 0x250),
    (0x300, 0x370),
    (0x2000, 0x2070),
    (0x2100, 0x2200),
    (0x3000, 0x3100),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFE00),
    (0xFE00, 0x10000),
    (0x1D400, 0x1D800),
    (0x1F1E6, 0x1F200),
    (0x1F300, 0x1F700),
    (0x20000, 0x20100),
]


def mix(x):
    """C. Wellons' lowbias32."""
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return x ^ (x >> 16)


def string(number):
    """String `number`: up to 12 pieces, each a word, a space, or a character of one of the ranges."""
    state = (number * 0x9E3779B9) & 0xFFFFFFFF

    def below(limit):
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        return mix(state) % limit

    pieces = []
    for _ in range(1 + below(12)):
        kind = below(8)
        if kind < 3:
            pieces.append(WORDS[below(len(WORDS))])
        elif kind < 5:
            pieces.append(SPACES[below(len(SPACES))])
        else:
            low, high = RANGES[below(len(RANGES))]
            pieces.append(chr(low + below(high - low)))
    return "".join(pieces)
