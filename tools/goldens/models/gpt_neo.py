"""Makes the GPT-Neo fixture of the tests and what Hugging Face transformers computes with it.

    python tools/goldens/models/gpt_neo.py

writes test/models/fixtures/gpt-neo/ (a random checkpoint with odd sizes and a small byte-level BPE tokenizer) and
test/models/goldens/gpt-neo.json. Needs torch, transformers, tokenizers and safetensors; the JSON says which versions.
"""

import json
import math
import pathlib

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPTNeoConfig, GPTNeoForCausalLM, PreTrainedTokenizerFast

from reference import embed, hidden_states, prompt_parts, score, significant, tokenizer_texts, versions, write_golden

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURE = ROOT / "test/models/fixtures/gpt-neo"
GOLDEN = ROOT / "test/models/goldens/gpt-neo.json"

TEXTS = [
    "a",
    "How do I list all files, even hidden ones?",
    "  Stripped on both sides,\n\tbut newlines inside\n are kept. ",
    "Ünïcödé, 漢字 and 👩‍👩‍👧‍👦 in one line",
    "A long text about long texts. " * 20,
]
DOCUMENTS = [
    "x",
    "Use ls -a: it lists hidden files too.",
    "A document that is far too long for the model, so that its beginning has to go. " * 6,
]
QUERIES = ["y", "list hidden files", "How can I see the files whose names begin with a dot?", "", "word " * 90]
# Tokens that only come about where U+0085, U+FEFF or U+001C are, or are not, taken for white space: regular expression
# engines disagree about these. In GPT-2's spelling of bytes: Ġ is a space, Âħ U+0085, ï»¿ U+FEFF, Ĝ U+001C.
WHITE_SPACE_MERGES = [
    ("Â", "ħ"),
    ("Ġ", "Âħ"),
    ("!", "Âħ"),
    ("ï", "»"),
    ("ï»", "¿"),
    ("Ġ", "ï»¿"),
    ("ï»¿", "!"),
    ("Ġ", "Ĝ"),
    ("Ĝ", "!"),
]


def main():
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer))
    FIXTURE.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(FIXTURE)
    model.save_pretrained(FIXTURE)
    (FIXTURE / "generation_config.json").unlink(missing_ok=True)
    max_tokens = model.config.max_position_embeddings
    poolings = ["weightedmean", "mean", "lasttoken", "cls", "max", "meanmean", "lasttokenmean"]
    golden = {
        "madeBy": "tools/goldens/models/gpt_neo.py",
        "versions": versions(),
        "tokens": [
            {"text": text, "ids": tokenizer.encode(text, add_special_tokens=False)} for text in tokenizer_texts()
        ],
        "hiddenStates": [
            {"ids": ids, "states": [significant(state) for state in hidden_states(model, ids)]}
            for ids in (list(range(7, 7 + n * 3, 3)) for n in (1, 6, 20))
        ],
        "embeddings": [
            {
                "text": text,
                "brackets": brackets,
                "role": role,
                "maxTokens": limit,
                "vectors": {
                    f"{pooling}@{layer}": significant(
                        embed(model, tokenizer, text, brackets, role, limit, pooling, layer)
                    )
                    for pooling in poolings
                    for layer in ((5,) if pooling in ("meanmean", "lasttokenmean") else (0, 3, 5))
                },
            }
            for text in TEXTS
            for brackets, role, limit in (
                ("none", "document", max_tokens),
                ("specb", "document", max_tokens),
                ("specb", "query", 20),
            )
        ],
        "scores": [
            {
                "prompt": prompt,
                "document": document,
                "query": query,
                "score": score(model, tokenizer, prompt_parts(prompt), document, query, max_tokens),
            }
            for prompt in ("G", "A", "C", 'About "{document}" one asks {query}')
            for document in DOCUMENTS
            for query in QUERIES
            if reference_covers(tokenizer, prompt, query, max_tokens)
        ],
    }
    write_golden(GOLDEN, golden)


def reference_covers(tokenizer, prompt, query, max_tokens):
    """Whether the query fits behind the instruction; with a longer one the reference mixes rows up or stops."""
    instruction = len(tokenizer.encode(prompt_parts(prompt)[0], add_special_tokens=False))
    return len(tokenizer.encode(query, add_special_tokens=False)) <= max_tokens + 1 - instruction


def make_tokenizer():
    """Byte-level BPE as GPT-2's, of 411 tokens, learned from this repository's licence and the texts above."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=411 - len(WHITE_SPACE_MERGES),
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    corpus = (ROOT / "LICENSE").read_text().splitlines() + TEXTS + DOCUMENTS + QUERIES
    tokenizer.train_from_iterator(corpus, trainer)
    definition = json.loads(tokenizer.to_str())
    for left, right in WHITE_SPACE_MERGES:
        definition["model"]["vocab"][left + right] = len(definition["model"]["vocab"])
        definition["model"]["merges"].append([left, right])
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(definition)),
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
    )


def make_model(vocabulary):
    """Sizes that divide nothing else, a window shorter than the texts, weights large enough to make a difference."""
    config = GPTNeoConfig(
        vocab_size=vocabulary,
        hidden_size=36,
        num_heads=3,
        num_layers=5,
        attention_types=[[["global", "local"], 2], [["local"], 1]],
        window_size=5,
        max_position_embeddings=64,
        intermediate_size=50,
        resid_dropout=0.0,
        embed_dropout=0.0,
        attention_dropout=0.0,
    )
    torch.manual_seed(20220217)
    model = GPTNeoForCausalLM(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            norm = ".ln_" in name and name.endswith("weight")
            parameter.normal_(1.0 if norm else 0.0, 0.1 if norm or parameter.dim() == 1 else 1 / math.sqrt(36))
    return model


if __name__ == "__main__":
    main()
