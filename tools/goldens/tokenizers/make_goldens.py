"""Small tokenizers in the ways of today's families, and what Python's `tokenizers` makes of 10,000 strings with each.

    python tools/goldens/tokenizers/make_goldens.py [NAME ...]

writes test/models/goldens/tokenizers/NAME.json: the tokenizer.json, hashes of the token ids of each block of a hundred
strings (strings.py), and the ids of some strings; and nmt_nfkc.gz, sentencepiece's table of characters, for which the
tokenizer.json have its name.
"""

import base64
import gzip
import hashlib
import io
import json
import pathlib
import platform
import sys

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from strings import WORDS, mix, string

ROOT = pathlib.Path(__file__).resolve().parents[3]
GOLDENS = ROOT / "test/models/goldens/tokenizers"
STRINGS = 10_000
BLOCK = 100
# Trained on other strings of the same kind.
CORPUS = [string(1_000_000 + i) for i in range(3000)]
SPLITS = pre_tokenizers.Split

QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train(tokenizer, trainer):
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def byte_bpe(pre_tokenizer, normalizer=None, special=("<|endoftext|>",), **model):
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return train(tokenizer, trainers.BpeTrainer(vocab_size=420, special_tokens=list(special), initial_alphabet=alphabet))


def gpt2():
    return byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False))


def roberta():
    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    tokenizer = byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), special=special)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def byte_prefix():
    return byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=True))


def split_bytes(regex):
    return pre_tokenizers.Sequence(
        [SPLITS(Regex(regex), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )


def qwen():
    tokenizer = byte_bpe(split_bytes(QWEN), normalizers.NFC())
    tokenizer.post_processor = processors.TemplateProcessing("$A <|endoftext|>", None, [("<|endoftext|>", 0)])
    return tokenizer


def llama3():
    tokenizer = byte_bpe(split_bytes(LLAMA3), ignore_merges=True)
    template = processors.TemplateProcessing("<|endoftext|> $A", None, [("<|endoftext|>", 0)])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return tokenizer


def smollm():
    digits = pre_tokenizers.Digits(individual_digits=True)
    return byte_bpe(pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]))


def modernbert():
    special = ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "<|endoftext|>")
    tokenizer = byte_bpe(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC(), special)
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True, normalized=False)])
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in (4, 3, 2)])
    template = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 1), ("[SEP]", 2)])
    tokenizer.post_processor = template
    return tokenizer


def sentencepiece_bpe(normalizer, pre_tokenizer=None, unknown="<unk>"):
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = Tokenizer(models.BPE(unk_token=unknown, fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer or pre_tokenizers.Split("▁", "merged_with_next")
    trained = train(tokenizer, trainers.BpeTrainer(vocab_size=600, special_tokens=special, limit_alphabet=90))
    # As converters write it: the byte tokens are not special.
    definition = json.loads(trained.to_str())
    definition["added_tokens"] = definition["added_tokens"][:3]
    definition["pre_tokenizer"] = None if pre_tokenizer is None else definition["pre_tokenizer"]
    template = {"Sequence": {"id": "A", "type_id": 0}}
    definition["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, template],
        "pair": [template, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
    }
    return Tokenizer.from_str(json.dumps(definition))


def llama2():
    return sentencepiece_bpe(normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]))


def mistral():
    return sentencepiece_bpe(None, pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False))


def gemma():
    return sentencepiece_bpe(
        normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous")
    )


def unigram(normalizer, pre_tokenizer, template, special):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    unknown = special[-1]
    # Few characters, so that the others are unknown.
    words = [" ".join(WORDS[mix(13 * i + j) % len(WORDS)] for j in range(9)) for i in range(1000)]
    trainer = trainers.UnigramTrainer(vocab_size=450, special_tokens=list(special), unk_token=unknown)
    tokenizer.train_from_iterator(words, trainer)
    ids = {token: tokenizer.token_to_id(token) for token in special}
    used = [token for token in template.split() if token != "$A"]
    tokenizer.post_processor = processors.TemplateProcessing(template, None, [(token, ids[token]) for token in used])
    return tokenizer


def charsmap():
    """sentencepiece's own normalisation, nmt_nfkc."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e f g h"] * 10),
        model_writer=model,
        vocab_size=30,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    # ModelProto.normalizer_spec (3) . precompiled_charsmap (2)
    return field(field(model.getvalue(), 3), 2)


def field(message, wanted):
    """The bytes of a field of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            varint()
            continue
        length = {1: 8, 5: 4}[kind] if kind != 2 else varint()
        if number == wanted:
            return message[at : at + length]
        at += length
    raise KeyError(wanted)


def xlm_roberta():
    spaces = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace("▁")])
    return unigram(normalizers.Precompiled(charsmap()), spaces, "<s> $A </s>", ("<s>", "<pad>", "</s>", "<unk>"))


def t5():
    spaces = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    return unigram(normalizers.Precompiled(charsmap()), spaces, "$A </s>", ("<pad>", "</s>", "<unk>"))


def deberta():
    steps = [normalizers.Strip(), normalizers.Precompiled(charsmap()), normalizers.Replace(Regex(" {2,}"), " ")]
    return unigram(
        normalizers.Sequence(steps), pre_tokenizers.Metaspace("▁"), "[CLS] $A [SEP]", ("[PAD]", "[CLS]", "[SEP]", "[UNK]")
    )


def albert():
    steps = [
        normalizers.Replace("``", '"'),
        normalizers.NFKD(),
        normalizers.StripAccents(),
        normalizers.Lowercase(),
        normalizers.Replace(Regex(" {2,}"), " "),
    ]
    return unigram(
        normalizers.Sequence(steps), pre_tokenizers.Metaspace("▁"), "[CLS] $A [SEP]", ("[PAD]", "[CLS]", "[SEP]", "[UNK]")
    )


def wordpiece(**normalizer):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(**normalizer)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    train(tokenizer, trainers.WordPieceTrainer(vocab_size=600, special_tokens=special, limit_alphabet=180))
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def bert():
    return wordpiece(lowercase=True)


def bert_cased():
    return wordpiece(lowercase=False, strip_accents=None, handle_chinese_chars=True)


TOKENIZERS = {
    "gpt2": gpt2,
    "byte-prefix": byte_prefix,
    "roberta": roberta,
    "qwen": qwen,
    "llama3": llama3,
    "smollm": smollm,
    "modernbert": modernbert,
    "llama2": llama2,
    "mistral": mistral,
    "gemma": gemma,
    "xlm-roberta": xlm_roberta,
    "t5": t5,
    "deberta": deberta,
    "albert": albert,
    "bert": bert,
    "bert-cased": bert_cased,
}


def main():
    for name in sys.argv[1:] or TOKENIZERS:
        print(name, file=sys.stderr)
        GOLDENS.mkdir(parents=True, exist_ok=True)
        tokenizer = TOKENIZERS[name]()
        (GOLDENS / f"{name}.json").write_text(golden(tokenizer))


def without_charsmap(definition):
    """Replaces the table, which is long, by its name."""
    normalizer = definition["normalizer"] or {}
    for step in [normalizer, *normalizer.get("normalizers", [])]:
        if "precompiled_charsmap" in step:
            table = base64.b64decode(step["precompiled_charsmap"])
            (GOLDENS / "nmt_nfkc.gz").write_bytes(gzip.compress(table, 9, mtime=0))
            step["precompiled_charsmap"] = "nmt_nfkc"
    return definition


def golden(trained):
    # Reading rounds the scores of unigram pieces.
    tokenizer = Tokenizer.from_str(trained.to_str())
    ids = [tokenizer.encode(string(i), add_special_tokens=True).ids for i in range(STRINGS)]
    blocks = ["\n".join(",".join(map(str, row)) for row in ids[i : i + BLOCK]) for i in range(0, STRINGS, BLOCK)]
    fields = {
        "madeBy": "tools/goldens/tokenizers/make_goldens.py",
        "versions": {
            "python": platform.python_version(),
            "tokenizers": tokenizers.__version__,
            "sentencepiece": sentencepiece.__version__,
        },
        "tokenizer": without_charsmap(json.loads(tokenizer.to_str())),
        "blocks": [hashlib.sha256(block.encode()).hexdigest()[:12] for block in blocks],
        "examples": [{"text": string(i), "ids": ids[i]} for i in range(8)],
    }
    lines = [
        f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'), ensure_ascii=True)}" for key, value in fields.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
