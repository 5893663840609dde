"""The Python side of evaluate.ts: python evaluate.py pytrec_eval|ir_measures QRELS RUN"""

import sys

MEASURES = ["nDCG@10", "AP@100", "R@100", "P@10", "RR"]
NAMES = ["ndcg_cut_10", "map_cut_100", "recall_100", "P_10", "recip_rank"]


def with_pytrec_eval(qrels_path, run_path):
    import pytrec_eval

    with open(qrels_path) as file:
        qrels = pytrec_eval.parse_qrel(file)
    with open(run_path) as file:
        run = pytrec_eval.parse_run(file)
    values = pytrec_eval.RelevanceEvaluator(qrels, NAMES).evaluate(run).values()
    return [sum(value[name] for value in values) / len(values) for name in NAMES]


def with_ir_measures(qrels_path, run_path):
    import ir_measures

    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    qrels = ir_measures.read_trec_qrels(qrels_path)
    means = ir_measures.calc_aggregate(measures, qrels, ir_measures.read_trec_run(run_path))
    return [means[measure] for measure in measures]


if __name__ == "__main__":
    program, qrels, run = sys.argv[1:]
    means = with_pytrec_eval(qrels, run) if program == "pytrec_eval" else with_ir_measures(qrels, run)
    for measure, mean in zip(MEASURES, means):
        print(f"{measure}\t{mean:.9f}")
