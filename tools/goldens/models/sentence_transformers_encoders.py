"""What sentence-transformers makes of texts with small random models whose tokenizers put special tokens around them.

    python tools/goldens/models/sentence_transformers_encoders.py

writes test/models/fixtures/encoders/NAME/ (config.json and a tokenizer; the weights follow from a formula, see
architectures.py) and test/models/goldens/encoders.json.
"""

import json
import pathlib
import shutil
import tempfile

import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import BPE, WordPiece
from transformers import PreTrainedTokenizerFast

from architectures import BERT, short, write_formula
from reference import versions, write_golden

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "test/models/fixtures/encoders"
GOLDEN = ROOT / "test/models/goldens/encoders.json"
VOCABULARY = 320

TEXTS = [
    "",
    "a",
    "  How do I list ALL files,\neven hidden ones?  ",
    "Ünïcödé straße, 漢字 and e\u0301 in one line",
    "[MASK] and <pad> and </s> are no text",
    "A long text about long texts. " * 20,
]
POOLINGS = {"mean": "mean", "cls": "cls", "max": "max", "lasttoken": "lasttoken", "weightedmean": "weightedmean"}


def main():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    cases = []
    for name, (model_class, settings, tokenizer) in {
        "bert": ("BertModel", {}, wordpiece()),
        "distilbert": (
            "DistilBertModel",
            {"dim": 36, "n_heads": 3, "n_layers": 3, "hidden_dim": 50},
            wordpiece(),
        ),
        "mpnet": ("MPNetModel", {"max_position_embeddings": 43}, roberta()),
        "roberta": ("RobertaModel", {"max_position_embeddings": 43}, roberta()),
        "llama": ("LlamaForCausalLM", {}, with_beginning()),
        "opt": ("OPTForCausalLM", {"ffn_dim": 50}, with_beginning()),
    }.items():
        cases += cases_of(name, getattr(transformers, model_class), settings, tokenizer)
    write_golden(
        GOLDEN,
        {
            "madeBy": "tools/goldens/models/sentence_transformers_encoders.py",
            "versions": {**versions(), "sentence-transformers": sentence_transformers.__version__},
            "cases": cases,
        },
    )


def cases_of(name, model_class, settings, tokenizer):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        settings = {**BERT, **settings, "vocab_size": VOCABULARY}
        if name == "distilbert":
            settings = {k: v for k, v in settings.items() if not k.startswith(("hidden_s", "num_", "inter"))}
        config = model_class.config_class(**settings, pad_token_id=tokenizer.pad_token_id)
        model_class(config).save_pretrained(folder)
        tensors = write_formula(folder / "model.safetensors")
        tokenizer.save_pretrained(folder)
        (FIXTURES / name).mkdir(parents=True)
        for file in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            shutil.copy(folder / file, FIXTURES / name / file)
        return [
            {
                "name": name,
                "tensors": tensors,
                "maxTokens": limit,
                "texts": [{"text": text, "vectors": vectors(folder, text, limit)} for text in texts],
            }
            for limit, texts in ((41, TEXTS), (7, TEXTS[-1:]))
        ]


@torch.no_grad()
def vectors(folder, text, limit):
    """Of the stripped text: the version that SGPT is made with strips, the one that runs here no longer does."""
    transformer = models.Transformer(str(folder), max_seq_length=limit)
    result = {}
    for name, mode in POOLINGS.items():
        pooling = models.Pooling(transformer.get_word_embedding_dimension(), pooling_mode=mode)
        model = SentenceTransformer(modules=[transformer, pooling], device="cpu")
        result[name] = short(torch.tensor(model.encode([text.strip()])[0]))
    return result


def corpus():
    return (ROOT / "LICENSE").read_text().splitlines() + TEXTS


def wordpiece():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def byte_level():
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def fast(tokenizer):
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def roberta():
    tokenizer = byte_level()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    return fast(tokenizer)


def with_beginning():
    tokenizer = byte_level()
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 0)]),
        ]
    )
    return fast(tokenizer)


if __name__ == "__main__":
    main()
