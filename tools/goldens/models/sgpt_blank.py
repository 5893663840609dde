"""Token ids and vectors of SGPT's own asymmetric class, for texts that begin with a blank after the bracket.

The class builds ("{SOS}" + title + " " + text).strip() and "[SOS]" + query: an untitled document, and a query with a
leading blank, keep that blank, and their first token is another one.

usage: python3 tools/goldens/models/sgpt_blank.py SGPT-CHECKOUT test/models/goldens/sgpt-blank.json

SGPT-CHECKOUT: a clone of github.com/Muennighoff/sgpt (tried with 37c8bf0), whose biencoder/beir has the class, and whose
biencoder/nli_msmarco/sentence-transformers is the version of sentence-transformers that it needs. Versions:
torch 2.13.0, transformers 4.30.2, huggingface_hub 0.16.4, numpy<2, accelerate 0.20.3, pillow,
setuptools<70 (Python 3.11).
"""
import json
import shutil
import sys
import tempfile
import types
from pathlib import Path

# Used by that version for downloads alone, and gone from huggingface_hub since.
sys.modules["huggingface_hub.snapshot_download"] = types.SimpleNamespace(REPO_ID_SEPARATOR="__")

checkout = Path(sys.argv[1])
sys.path.insert(0, str(checkout / "biencoder/nli_msmarco/sentence-transformers"))
# By its own folder: the package around it imports beir, which is not needed.
sys.path.insert(0, str(checkout / "biencoder/beir/custommodels"))

import sentence_transformers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from sentence_bert_asym import SentenceBERTBOSEOS  # noqa: E402
from sentence_transformers import SentenceTransformer, models  # noqa: E402

root = Path(__file__).resolve().parents[3]
model_name = "sgpt-170k-weightedmean-specb-bitfit"
max_tokens = 24

documents = [
    {"title": "", "text": "Delete old log files to free disk space."},
    {"title": "", "text": "disk"},
    {"title": "", "text": "  two blanks, then text  "},
    {"title": "", "text": "\n\ta line break and a tab first"},
    {"title": "Disk space", "text": "Delete old log files."},
    {"title": "Disk space", "text": ""},
    {"title": " a title with blanks ", "text": " and a text with blanks "},
    {"title": "", "text": "\u00e9t\u00e9 and \u4e2d\u6587 and \U0001f600"},
    {"title": "", "text": "words " * 40},
]
queries = ["how to free disk space", " how to free disk space", "\tdisk ", "  ", "words " * 40]


def open_model(folder: str) -> SentenceBERTBOSEOS:
    checkpoint = Path(folder) / "checkpoint"
    shutil.copytree(root / "models/demo" / model_name, checkpoint)
    # That version of tokenizers wants merges as texts.
    tokenizer = json.loads((checkpoint / "tokenizer.json").read_text())
    tokenizer["model"]["merges"] = [" ".join(pair) for pair in tokenizer["model"]["merges"]]
    (checkpoint / "tokenizer.json").write_text(json.dumps(tokenizer))
    transformer = models.Transformer(str(checkpoint), max_seq_length=max_tokens)
    pooling = models.Pooling(transformer.get_word_embedding_dimension(), pooling_mode="weightedmean")
    saved = str(Path(folder) / "sgpt")
    SentenceTransformer(modules=[transformer, pooling]).save(saved)
    model = SentenceBERTBOSEOS(saved, specb=True)
    tokenizer = model.model._first_module().tokenizer
    tokenizer.pad_token = tokenizer.eos_token
    return model


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        model = open_model(folder)
        transformer = model.model._first_module()
        tokenised = []
        tokenize = transformer.tokenize_bos_eos

        def keep(texts):
            out = tokenize(texts)
            for ids, mask in zip(out["input_ids"].tolist(), out["attention_mask"].tolist()):
                tokenised.append([token for token, real in zip(ids, mask) if real])
            return out

        transformer.tokenize_bos_eos = keep
        cases = []
        # One text a batch, so that ids and vectors are in the order of the texts.
        for document in documents:
            [vector] = model.encode_corpus([document], batch_size=1, show_progress_bar=False)
            cases.append({"role": "document", **document, "vector": vector.tolist()})
        for query in queries:
            [vector] = model.encode_queries([query], batch_size=1, show_progress_bar=False)
            cases.append({"role": "query", "text": query, "vector": vector.tolist()})
        for case, ids in zip(cases, tokenised, strict=True):
            case["ids"] = ids
    versions = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sentence_transformers": sentence_transformers.__version__,
        "sgpt": "37c8bf0",
    }
    golden = {"model": model_name, "maxTokens": max_tokens - 1, "versions": versions, "cases": cases}
    Path(sys.argv[2]).write_text(json.dumps(golden, ensure_ascii=True) + "\n")


main()
