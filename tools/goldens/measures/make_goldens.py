"""Writes test/measures/goldens/*.json.gz: what the reference programs compute on the cases of cases.py.

Run with the packages of requirements.txt: python tools/goldens/measures/make_goldens.py
"""

import gzip
import json
import math
import os
import warnings
from importlib.metadata import version

import ir_measures
import numpy as np
import pytrec_eval
import scipy.stats
from beir.retrieval.evaluation import EvaluateRetrieval
from sklearn.metrics import average_precision_score

from cases import Mulberry32, make_case

warnings.filterwarnings("ignore")
TARGET = os.path.join(os.path.dirname(__file__), "../../../test/measures/goldens")
PACKAGES = ["pytrec-eval-terrier", "ir_measures", "beir", "scikit-learn", "scipy", "numpy"]

# Our name -> pytrec_eval's, by (relevance level, judged documents only).
LEVEL1 = {
    "AP": "map", "AP@1": "map_cut_1", "AP@10": "map_cut_10", "AP@100": "map_cut_100",
    "nDCG": "ndcg", "nDCG@1": "ndcg_cut_1", "nDCG@5": "ndcg_cut_5", "nDCG@10": "ndcg_cut_10", "nDCG@1000": "ndcg_cut_1000",
    "P@1": "P_1", "P@10": "P_10", "R@10": "recall_10", "R@1000": "recall_1000", "RR": "recip_rank",
    "Success@1": "success_1", "Success@5": "success_5", "Rprec": "Rprec", "Bpref": "bpref", "infAP": "infAP",
    "IPrec@0.0": "iprec_at_recall_0.00", "IPrec@0.1": "iprec_at_recall_0.10", "IPrec@0.5": "iprec_at_recall_0.50",
    "IPrec@1.0": "iprec_at_recall_1.00", "SetP": "set_P", "SetP(relative=True)": "set_relative_P",
    "SetR": "set_recall", "SetAP": "set_map", "SetF": "set_F",
}
LEVEL2 = {
    "AP(rel=2)": "map", "P(rel=2)@10": "P_10", "R(rel=2)@10": "recall_10", "RR(rel=2)": "recip_rank",
    "Rprec(rel=2)": "Rprec", "Bpref(rel=2)": "bpref", "infAP(rel=2)": "infAP", "SetF(rel=2,beta=0.5)": "set_F.0.5",
    "IPrec(rel=2)@0.3": "iprec_at_recall_0.30",
}
JUDGED = {
    "AP(judged_only=True)": "map", "nDCG(judged_only=True)@10": "ndcg_cut_10", "P(judged_only=True)@5": "P_5",
    "RR(judged_only=True)": "recip_rank", "SetP(judged_only=True)": "set_P", "infAP(judged_only=True)": "infAP",
}


def trec_eval_values(qrels, run):
    """Query -> values of LEVEL1, LEVEL2 and JUDGED in order; null where trec_eval divides 0 by 0."""
    result = {}
    for names, level, judged in ((LEVEL1, 1, False), (LEVEL2, 2, False), (JUDGED, 1, True)):
        evaluator = pytrec_eval.RelevanceEvaluator(
            qrels, set(names.values()), relevance_level=level, judged_docs_only_flag=judged
        )
        for query, values in evaluator.evaluate(run).items():
            row = [values["set_F" if name.startswith("set_F") else name] for name in names.values()]
            result.setdefault(query, []).extend(None if math.isnan(v) else v for v in row)
    return result


def trec_eval_cases():
    cases = []
    for seed in range(1000):
        qrels, run = make_case(seed)
        # trec_eval reads beyond its arrays where all of a query's grades are negative.
        assert all(max(grades.values()) >= 0 for grades in qrels.values())
        cases.append(trec_eval_values(qrels, run))
    return {"measures": [*LEVEL1, *LEVEL2, *JUDGED], "cases": cases}


IR_MEASURES = ["nDCG@10", "AP(rel=2)@100", "P(rel=2)@10", "R@5", "RR@3", "RR(rel=2)@10", "Judged@10", "Judged",
               "Success@3", "Rprec", "Bpref", "infAP", "IPrec@0.1", "SetF(beta=2.0)", "SetAP", "nDCG(dcg='exp-log2')@10"]


def ir_measures_cases():
    """Without ties, which ir_measures' providers break in several ways. gdeval prints five digits."""
    measures = [ir_measures.parse_measure(name) for name in IR_MEASURES]
    cases = []
    for seed in range(60):
        qrels, run = make_case(seed, plain=True)
        means, rows = ir_measures.calc(measures, qrels, run)
        per_query = {}
        for row in rows:
            per_query.setdefault(row.query_id, [None] * len(measures))[measures.index(row.measure)] = row.value
        cases.append({"means": [means[measure] for measure in measures], "perQuery": per_query})
    return {"measures": IR_MEASURES, "cases": cases}


def beir_cases():
    """What evaluate and then evaluate_custom return for several queries. As in BEIR, evaluate has by then removed the
    documents whose id is the query's from the run that evaluate_custom gets."""
    ks = [1, 3, 5, 10, 100]
    cases = []
    for seed in range(150):
        qrels, run = {}, {}
        for part in range(8):
            some_qrels, some_run = make_case(seed * 8 + part + 5000)
            for query in some_qrels:
                if max(some_qrels[query].values()) > 0:
                    qrels[f"{part}{query}"] = dict(some_qrels[query])
                    if some_run.get(query):  # a query without any hit cannot be in a run file
                        run[f"{part}{query}"] = {
                            f"{part}{query}" if d == query else d: s for d, s in some_run[query].items()
                        }
        values = {}
        for scores in EvaluateRetrieval.evaluate(qrels, run, ks):
            values.update(scores)
        for metric in ("mrr", "r_cap", "hole", "accuracy"):
            values.update(EvaluateRetrieval.evaluate_custom(qrels, run, ks, metric))
        cases.append(values)
    return {"cutoffs": ks, "cases": cases}


def rounding_values():
    """Python's round on random numbers, exact halves and their neighbours."""
    rng = Mulberry32(7)
    values = []
    for i in range(5000):
        digits = [5, 2, 4, 0][rng.below(4)]
        half = (rng.below(10 ** (digits + 1)) + 0.5) / 10**digits
        dyadic = rng.below(4096) / 2 ** (digits + 1 if digits > 0 else 1)
        for value in (rng.next(), half, math.nextafter(half, math.inf), math.nextafter(half, -math.inf), dyadic, -dyadic):
            values.append(round(value, digits))
    return {"values": values}


def pair_cases():
    """scikit-learn's average_precision_score and scipy's spearmanr, with ties."""
    rng = Mulberry32(11)
    cases = []
    for i in range(200):
        n = 2 + rng.below(60)
        ties = 1 + rng.below(4)
        scores = [float(int(rng.next() * 10 * ties)) / ties if i % 2 else rng.next() for _ in range(n)]
        labels = [rng.below(2) for _ in range(n)]
        grades = [rng.below(6) for _ in range(n)]
        rho = scipy.stats.spearmanr(scores, grades).statistic
        ap = float(average_precision_score(labels, scores)) if sum(labels) else 0.0
        cases.append([ap, None if math.isnan(rho) else float(rho)])
    return {"cases": cases}


def paired_scores(rng, n, kind):
    a, b = [], []
    for _ in range(n):
        x, d = rng.next(), rng.next()
        if kind == 0:
            a.append(x), b.append(x + (d - 0.45) * 0.2)
        elif kind == 1:  # few distinct values, many ties
            a.append(int(x * 4) / 4), b.append(int(d * 4) / 4)
        else:  # a small shift, hardly any noise: extreme p-values
            a.append(x), b.append(x + 0.05 + d * 0.01)
    return a, b


def significance_cases():
    rng = Mulberry32(13)
    cases = []
    for i in range(150):
        n = 2 + rng.below(12 if i % 2 else 300)
        a, b = paired_scores(rng, n, i % 3)
        test = scipy.stats.ttest_rel(b, a)
        interval = test.confidence_interval(0.95)
        exact = less = None
        if n <= 12:
            exact, less = [
                scipy.stats.permutation_test(
                    (b, a), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", vectorized=True,
                    n_resamples=np.inf, alternative=alternative,
                ).pvalue
                for alternative in ("two-sided", "less")
            ]
        values = [test.statistic, test.pvalue, interval.low, interval.high, exact, less]
        cases.append([None if v is None or math.isnan(v) else float(v) for v in values])
    a, b = paired_scores(Mulberry32(17), 300, 0)
    many = scipy.stats.permutation_test(
        (b, a), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", vectorized=True,
        n_resamples=200_000, batch=10_000, rng=np.random.default_rng(0),
    ).pvalue
    tail = [[t, df, float(2 * scipy.stats.t.sf(t, df))]
            for df in (1, 2, 3, 5, 10, 30, 99, 322, 1405, 9999)
            for t in (0.0, 0.01, 0.5, 1.0, 1.96, 2.5, 4.0, 10.0, 40.0)]
    return {"cases": cases, "manyPermutations": float(many), "tails": tail}


def write(name, value):
    value = {"versions": {package: version(package) for package in PACKAGES}, **value}
    data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    path = os.path.join(TARGET, f"{name}.json.gz")
    with open(path, "wb") as file:
        file.write(gzip.compress(data, 9, mtime=0))
    print(path, os.path.getsize(path))


if __name__ == "__main__":
    os.makedirs(TARGET, exist_ok=True)
    write("trec-eval", trec_eval_cases())
    write("ir-measures", ir_measures_cases())
    write("beir", beir_cases())
    write("rounding", rounding_values())
    write("pairs", pair_cases())
    write("significance", significance_cases())
