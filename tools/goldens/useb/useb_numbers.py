"""Every number that useb 0.0.1 computes, for embeddings that TypeScript can make, too.

    python useb_numbers.py ROOT

ROOT is the project's folder. Needs useb (0.0.1, from PyPI), torch, scikit-learn, scipy, pytrec_eval (pytrec-eval-terrier)
and transformers, which useb imports. Writes test/datasets/fixtures/useb (data in USEB's layout with what is odd in it)
and test/measures/goldens/useb.json.gz: {versions, sets: {demo | odd: {by-task | all | none: {test | valid: {key: value}}}},
printed: the same rounded by useb for demo, by-task}.
"""

import gzip
import importlib.metadata
import json
import logging
import pathlib
import random
import sys

import torch
from torch.nn import functional as F
from useb.evaluators import AskubuntuEvaluator, CQADupStackEvaluator, SciDocsEvaluator, TwitterParaEvaluator

DIMENSIONS = 48


def embedding(text):
    """Signed counts of byte trigrams, hashed by FNV-1a. All are small multiples of 1/64: sums of them are exact."""
    data = text.encode()
    vector = [0.0] * DIMENSIONS
    for start in range(max(1, len(data) - 2) if data else 0):
        code = 0x811C9DC5
        for byte in data[start : start + 3]:
            code = ((code ^ byte) * 0x01000193) & 0xFFFFFFFF
        vector[code % DIMENSIONS] += ((code >> 16) & 0xFF) / 64 - 1
    return vector


def embed(texts):
    return torch.tensor([embedding(text) for text in texts])


def embed_normalized(texts):
    return F.normalize(embed(texts), dim=-1)


def without_normalization(evaluator_class):
    """As SGPT's copy of useb with --notnormalize: normalize=False wherever useb itself has True."""

    class Plain(evaluator_class):
        def _text2se(self, texts, normalize=False):
            return super()._text2se(texts, normalize=False)

    return Plain


def numbers(folder, normalization, split, rounded=False):
    encode = embed_normalized if normalization == "all" else embed
    wrap = without_normalization if normalization == "none" else lambda evaluator_class: evaluator_class
    evaluators = [
        wrap(AskubuntuEvaluator)(encode, str(folder / "askubuntu"), text, show=False)
        for text in ("title", "body", "title_and_body")
    ]
    for evaluator_class, name in (
        (CQADupStackEvaluator, "cqadupstack"),
        (TwitterParaEvaluator, "twitterpara"),
        (SciDocsEvaluator, "scidocs"),
    ):
        evaluators.append(wrap(evaluator_class)(encode, str(folder / name), show=False))
    values = {}
    for evaluator in evaluators:
        values.update(evaluator.run(split) if rounded else evaluator._run(split))
    return {key: float(value) for key, value in values.items()}


WORDS = "disk boot mount kernel panic screen driver sound wifi slow update grub swap font key mouse log cron bash ssh".split()


def sentence(source, length):
    return " ".join(source.choice(WORDS) for _ in range(length))


def write_askubuntu(folder, source):
    posts = {str(i): [sentence(source, 4), sentence(source, 9)] for i in range(40, 0, -1)}
    posts["7"][1] = ""  # no body
    posts["8"][0] = ""  # no title
    posts["9"] = posts["10"] = ["\u00a0", " "]  # nothing
    posts["11"][0] = posts["12"][0] = posts["13"][0]  # ties, one of them a positive
    posts["14"] = posts["15"] = posts["16"]
    posts["17"][0] = "  déjà vu \u3000"
    lines = ["\t".join([key, title, body]) for key, (title, body) in posts.items()]
    lines.insert(0, "40\tan id that is there twice\thas its last text")
    (folder / "text_tokenized.txt").write_text("\n".join(lines) + "\n")

    def candidates():
        chosen = [str(i) for i in source.sample(range(1, 41), 12)]
        return chosen, [f"{source.choice([1.5, 2.25, 3]):.2f}" for _ in chosen]  # many equal scores

    for name, count in (("dev", 4), ("test", 9)):
        rows = []
        for number in range(count):
            ids, scores = candidates()
            rows.append([str(number + 1), " ".join(source.sample(ids, 3)), " ".join(ids), " ".join(scores)])
        rows[0][1] = ""  # no positives
        rows[0][2] = "999 998"  # a query that is skipped may name posts that are not there
        rows[0][3] = "1 2"
        rows[1][1] += " 998 " + rows[1][1]  # a positive that is no candidate, and all others twice
        if name == "test":
            tied = "13 11 12 14 15 16 7 8 9 20 21 22"
            rows[4] = ["17", "12 15 9", tied, " ".join(["1"] * 12)]
            rows[5] = ["10", "12", tied, " ".join(["1"] * 12)]  # a query without text: everything ties
            rows[6][2], rows[6][3] = rows[6][2] + " " + rows[6][1], rows[6][3] + " 9 9 9"  # candidates twice
        (folder / f"{name}.txt").write_text("".join("\t".join(row) + "\n" for row in rows))


def write_cqadupstack(folder, source):
    corpus, splits = {}, {"valid": {}, "test": {}}
    for forum, size in (("zsh", 140), ("apt", 112)):
        posts = {str(size * 3 - i): sentence(source, 7) for i in range(size)}
        ids = list(posts)
        posts[ids[-1]] = posts[ids[-2]] = "zzz qqq xxx"  # a tie of a positive with another, below the tenth rank
        posts[ids[-3]] = " "
        corpus[forum] = posts
        for split, first in (("valid", 0), ("test", 4)):
            queries = {ids[first + i]: source.sample(ids[12:-4], 3) for i in range(8 if split == "test" else 4)}
            chosen = list(queries)
            queries[chosen[0]] = []  # no positives
            queries[chosen[1]] += [ids[-1], "none", queries[chosen[1]][0]]  # a tie, an unknown one, one twice
            queries[chosen[2]] = [chosen[3]]  # its only positive is a query and so not in the pool
            splits[split][forum] = queries
    (folder / "corpus.json").write_text(json.dumps(corpus))
    (folder / "retrieval_split.json").write_text(json.dumps(splits))


def write_twitterpara(folder, source):
    labels = [0, 1, 2, 3, 4, 5, 3, 5, 0, 4, 3, 1]
    pairs = [(sentence(source, 6), sentence(source, 5), label) for label in labels for _ in range(2)]
    pairs[3] = (*pairs[2][:2], 5)  # equal similarity, other label
    pairs[8] = ("é \u00a0", pairs[8][1], 4)
    url = [f"{a}\t{b}\t({k}, 6)\thttps://example.com" for a, b, k in pairs + [("up", "up now", 6)]]
    (folder / "Twitter_URL_Corpus_test.txt").write_text("\n".join(url) + "\n")
    pit = [f"1\ttopic\t{a}\t{b}\t{k}\t\t" for a, b, k in pairs]
    (folder / "test.data").write_text("\n".join(pit) + "\n")
    (folder / "test.label").write_text("never read\n")


def write_scidocs(folder, source):
    papers = {f"p{i}": {"title": sentence(source, 6)} for i in range(60)}
    papers["p1"] = {"title": None}
    papers["p2"] = {"title": ""}
    papers["p3"] = {"title": " "}  # not empty before it is stripped
    papers["p5"] = papers["p6"] = papers["p7"] = papers["p8"]
    data = {"corpus": papers}
    for split in ("valid", "test"):
        data[split] = {}
        for relation in ("cite", "cocite", "coview", "coread"):
            judged = {}
            for query in source.sample(range(10, 60), 6) + [1]:
                candidates = source.sample(range(60), 14) + [5, 6, 7, 1, 2, 3]
                judged[f"p{query}"] = {f"p{c}": int(source.random() < 0.4) for c in candidates} | {"z": 1}
            chosen = list(judged)
            judged[chosen[0]] = dict.fromkeys(judged[chosen[0]], 0)  # no positives
            judged[chosen[1]] = {"p1": 1, "z": 0}  # no candidate with a title
            data[split][relation] = judged
    (folder / "data.json").write_text(json.dumps(data))


def main(root):
    logging.disable()
    torch.set_num_threads(1)
    odd = root / "test/datasets/fixtures/useb"
    source = random.Random(7)
    for name, write in (
        ("askubuntu", write_askubuntu),
        ("cqadupstack", write_cqadupstack),
        ("twitterpara", write_twitterpara),
        ("scidocs", write_scidocs),
    ):
        (odd / name).mkdir(parents=True, exist_ok=True)
        write(odd / name, source)
    demo = root / "datasets/demo-useb"
    splits = ("test", "valid")
    result = {
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("useb", "torch", "scikit-learn", "scipy", "numpy", "pytrec-eval-terrier")
        },
        "sets": {
            name: {
                normalization: {split: numbers(folder, normalization, split) for split in splits}
                for normalization in ("by-task", "all", "none")
            }
            for name, folder in (("demo", demo), ("odd", odd))
        },
        "printed": {split: numbers(demo, "by-task", split, rounded=True) for split in splits},
    }
    path = root / "test/measures/goldens/useb.json.gz"
    path.write_bytes(gzip.compress(json.dumps(result).encode(), mtime=0))
    print(result["versions"], path.stat().st_size, "bytes")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
