"""Makes the module folders of the tests and the vectors that sentence-transformers computes with them.

    python tools/goldens/models/sentence_transformers_folders.py

takes the GPT-Neo fixture (gpt_neo.py) as the transformer and writes test/models/fixtures/sentence-transformers/NAME/,
all but the transformer's own files, and test/models/goldens/sentence-transformers.json. WeightedMeanPooling is of SGPT's
fork of sentence-transformers: it is written out here by its formula. Needs sentence-transformers; the JSON says which.
"""

import json
import pathlib
import shutil
import tempfile

import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Dense, LayerNorm, Normalize, Pooling, Transformer

from reference import hidden_states, significant, versions, write_golden

ROOT = pathlib.Path(__file__).resolve().parents[3]
BASE = ROOT / "test/models/fixtures/gpt-neo"
FIXTURES = ROOT / "test/models/fixtures/sentence-transformers"
GOLDEN = ROOT / "test/models/goldens/sentence-transformers.json"
SIZE = 36
# No white space around them: sentence-transformers took it away until version 6, SGPT does, and so is done here.
TEXTS = ["a", "How do I list all files, even HIDDEN ones?", "Ünïcödé, 漢字 and\na second line", "A long text about long texts. " * 20]


def main():
    torch.manual_seed(20220217)
    shutil.rmtree(FIXTURES, ignore_errors=True)
    cases = [case(name, *made) for name, made in models().items()]
    cases.append(learned_weights())
    golden = {
        "madeBy": "tools/goldens/models/sentence_transformers_folders.py",
        "versions": {**versions(), "sentence-transformers": sentence_transformers.__version__},
        "cases": cases,
    }
    write_golden(GOLDEN, golden)


def models():
    """name: (modules after the transformer, prompts, files as sentence-transformers wrote them before version 6)"""
    single = {mode: ([Pooling(SIZE, mode)], None, {}) for mode in Pooling.POOLING_MODES}
    flags = {f"pooling_mode_{mode}": mode != "mean_tokens" for mode in ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")}
    return {
        **single,
        "concatenated": (
            [Pooling(SIZE, ("cls", "max", "mean_sqrt_len_tokens")), Normalize()],
            None,
            {
                "1_Pooling/config.json": {"word_embedding_dimension": SIZE, **flags},
                "sentence_bert_config.json": {"max_seq_length": 9, "do_lower_case": False},
            },
        ),
        "dense": (
            [Pooling(SIZE, "mean"), Dense(SIZE, 20), Dense(20, 7, bias=False, activation_function=torch.nn.ReLU())],
            None,
            {},
        ),
        "prompts": (
            [Pooling(SIZE, "weightedmean"), Dense(SIZE, 5, activation_function=torch.nn.Identity()), Normalize()],
            {"query": "query: ", "document": "passage: "},
            {"sentence_bert_config.json": {"max_seq_length": 30, "do_lower_case": True}},
        ),
        # The prompt of queries begins with a special token, and none of its tokens is pooled.
        "prompt-left-out": (
            [Pooling(SIZE, ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"), include_prompt=False)],
            {"query": "<|endoftext|>ask:", "document": "say:"},
            {},
        ),
        "layer-norm": ([Pooling(SIZE, "mean"), random_norm(), Dense(SIZE, 4), Normalize()], None, {}),
        "default-prompt": ([Pooling(SIZE, "mean")], {"query": "query: ", "STS": "same: ", "default": "STS"}, {}),
    }


def random_norm():
    norm = LayerNorm(SIZE)
    with torch.no_grad():
        norm.norm.weight.uniform_(0.5, 2)
        norm.norm.bias.uniform_(-1, 1)
    return norm


def case(name, modules, prompts, older):
    transformer = Transformer(str(BASE))
    transformer.tokenizer.pad_token = transformer.tokenizer.eos_token  # asked for even with one text
    by_default = None if prompts is None else prompts.pop("default", None)
    model = SentenceTransformer(
        modules=[transformer, *modules], prompts=prompts, default_prompt_name=by_default, device="cpu"
    )
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder, create_model_card=False, safe_serialization=name != "prompts")
        for file, content in older.items():
            (pathlib.Path(folder) / file).write_text(json.dumps(content, indent=1))
        keep(pathlib.Path(folder), FIXTURES / name)
        model = SentenceTransformer(folder, device="cpu").eval()
        return {
            "name": name,
            "vectors": [
                {
                    "text": text,
                    "query": significant(torch.tensor(model.encode_query(text))),
                    "document": significant(torch.tensor(model.encode_document(text))),
                }
                for text in TEXTS
            ],
        }


def keep(source, target):
    """Copies what is not the transformer's."""
    for path in source.rglob("*"):
        relative = path.relative_to(source)
        own = len(relative.parts) > 1 or path.name.startswith(("modules", "sentence_", "config_sentence"))
        if path.is_file() and own and path.name != "README.md":
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / relative)


def learned_weights():
    """SGPT's WeightedMeanPooling: sum of w_i h_i over the sum of w_i, w learned for each position."""
    folder = FIXTURES / "learned-weights"
    (folder / "1_WeightedMeanPooling").mkdir(parents=True)
    model = SentenceTransformer(str(BASE), device="cpu")
    weights = torch.rand(20)
    config = {"word_embedding_dimension": SIZE, "position_start": 0, "num_positions": 19}
    (folder / "1_WeightedMeanPooling/config.json").write_text(json.dumps(config))
    torch.save({"position_weights": torch.nn.Parameter(weights)}, folder / "1_WeightedMeanPooling/pytorch_model.bin")
    prefix = "sentence_transformers.models."
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{prefix}Transformer"},
        {"idx": 1, "name": "1", "path": "1_WeightedMeanPooling", "type": f"{prefix}WeightedMeanPooling"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules, indent=1))
    vectors = []
    for text in TEXTS:
        ids = model.tokenizer.encode(text.strip(), add_special_tokens=False)[:20]
        states = hidden_states(model[0].auto_model, ids)[-1]
        used = weights[: len(ids), None]
        vector = significant((states * used).sum(0) / used.sum())
        vectors.append({"text": text, "query": vector, "document": vector})
    return {"name": "learned-weights", "vectors": vectors}


if __name__ == "__main__":
    main()
