/** A system's published scores. */
export interface PublishedRow {
  readonly system: string;
  readonly method: 'bm25' | 'bi-encoder' | 'cross-encoder';
  /** Parameters of the model; null where there is none or the source does not say. */
  readonly parameters: number | null;
  /** The conventions the numbers were made under: a profile of this program, or the source's own. */
  readonly profile: string;
  readonly source: string;
  /** Task name without `beir/` → nDCG@10. */
  readonly scores: Readonly<Record<string, number>>;
}

/**
 * Published nDCG@10, gathered from public sources. A score that is not here was not found in a source; none is filled in
 * from memory. Task names are the catalogue's without `beir/`.
 */
export const publishedRows: readonly PublishedRow[] = [
  {
    "system": "BM25 (Elasticsearch 7.0.0, SGPT's own run)",
    "method": "bm25",
    "parameters": null,
    "profile": "sgpt-paper",
    "source": "Muennighoff/sgpt crossencoder_beir_bm25.ipynb and crossencoder_bioasq_bm25.ipynb, recorded outputs",
    "scores": {
      "msmarco": 0.2275,
      "trec-covid": 0.688,
      "nfcorpus": 0.3063,
      "nq": 0.3261,
      "hotpotqa": 0.6022,
      "fiqa": 0.2541,
      "arguana": 0.4717,
      "webis-touche2020": 0.3471,
      "cqadupstack": 0.3258,
      "quora": 0.8077,
      "dbpedia-entity": 0.3202,
      "scidocs": 0.1647,
      "fever": 0.6494,
      "climate-fever": 0.1862,
      "scifact": 0.611,
      "signal1m": 0.33023,
      "trec-news": 0.4054
    }
  },
  {
    "system": "BM25 (BEIR paper)",
    "method": "bm25",
    "parameters": null,
    "profile": "beir-paper",
    "source": "Muennighoff/sgpt sgpt_utils.ipynb, 'scores_bm25_beir_paper'",
    "scores": {
      "msmarco": 0.228,
      "trec-covid": 0.656,
      "bioasq": 0.465,
      "nfcorpus": 0.325,
      "nq": 0.329,
      "hotpotqa": 0.603,
      "fiqa": 0.236,
      "signal1m": 0.33,
      "trec-news": 0.398,
      "robust04": 0.408,
      "arguana": 0.315,
      "webis-touche2020": 0.367,
      "cqadupstack": 0.299,
      "quora": 0.789,
      "dbpedia-entity": 0.313,
      "scidocs": 0.158,
      "fever": 0.753,
      "climate-fever": 0.213,
      "scifact": 0.665
    }
  },
  {
    "system": "BM25 (Anserini 2, flat)",
    "method": "bm25",
    "parameters": null,
    "profile": "anserini-flat",
    "source": "castorini/anserini docs/reproduce, trec_eval -c",
    "scores": {
      "arguana": 0.397,
      "bioasq": 0.5225,
      "climate-fever": 0.1651,
      "cqadupstack/android": 0.3801,
      "cqadupstack/english": 0.3453,
      "cqadupstack/gaming": 0.4822,
      "cqadupstack/gis": 0.2901,
      "cqadupstack/mathematica": 0.2015,
      "cqadupstack/physics": 0.3214,
      "cqadupstack/programmers": 0.2802,
      "cqadupstack/stats": 0.2711,
      "cqadupstack/tex": 0.2244,
      "cqadupstack/unix": 0.2749,
      "cqadupstack/webmasters": 0.3059,
      "cqadupstack/wordpress": 0.2483,
      "dbpedia-entity": 0.318,
      "fever": 0.6513,
      "fiqa": 0.2361,
      "hotpotqa": 0.633,
      "nfcorpus": 0.3218,
      "nq": 0.3055,
      "quora": 0.7886,
      "robust04": 0.407,
      "scidocs": 0.149,
      "scifact": 0.6789,
      "signal1m": 0.3304,
      "trec-covid": 0.5947,
      "trec-news": 0.3952,
      "webis-touche2020": 0.4422
    }
  },
  {
    "system": "BM25 (Anserini 2, multifield)",
    "method": "bm25",
    "parameters": null,
    "profile": "anserini-multifield",
    "source": "castorini/anserini docs/reproduce, trec_eval -c",
    "scores": {
      "arguana": 0.4142,
      "bioasq": 0.4646,
      "climate-fever": 0.2129,
      "cqadupstack/android": 0.3709,
      "cqadupstack/english": 0.3321,
      "cqadupstack/gaming": 0.4418,
      "cqadupstack/gis": 0.2904,
      "cqadupstack/mathematica": 0.2046,
      "cqadupstack/physics": 0.3248,
      "cqadupstack/programmers": 0.2963,
      "cqadupstack/stats": 0.279,
      "cqadupstack/tex": 0.2086,
      "cqadupstack/unix": 0.2788,
      "cqadupstack/webmasters": 0.3008,
      "cqadupstack/wordpress": 0.2562,
      "dbpedia-entity": 0.3128,
      "fever": 0.753,
      "fiqa": 0.2361,
      "hotpotqa": 0.6027,
      "nfcorpus": 0.3254,
      "nq": 0.3285,
      "quora": 0.7886,
      "robust04": 0.407,
      "scidocs": 0.1581,
      "scifact": 0.6647,
      "signal1m": 0.3304,
      "trec-covid": 0.6559,
      "trec-news": 0.3977,
      "webis-touche2020": 0.3673
    }
  },
  {
    "system": "BM25 (bm25s 0.1.10)",
    "method": "bm25",
    "parameters": null,
    "profile": "mteb",
    "source": "embeddings-benchmark/results mteb__baseline-bm25s",
    "scores": {
      "arguana": 0.49276,
      "climate-fever": 0.13621,
      "dbpedia-entity": 0.29907,
      "fever": 0.4809,
      "fiqa": 0.25139,
      "hotpotqa": 0.56907,
      "msmarco": 0.21888,
      "nfcorpus": 0.32082,
      "nq": 0.285,
      "quora": 0.80424,
      "scidocs": 0.15783,
      "scifact": 0.68736,
      "webis-touche2020": 0.33053,
      "trec-covid": 0.62314,
      "cqadupstack": 0.31864,
      "cqadupstack/android": 0.39693,
      "cqadupstack/english": 0.34746,
      "cqadupstack/gaming": 0.48471,
      "cqadupstack/gis": 0.3083,
      "cqadupstack/mathematica": 0.22017,
      "cqadupstack/physics": 0.34926,
      "cqadupstack/programmers": 0.298,
      "cqadupstack/stats": 0.29019,
      "cqadupstack/tex": 0.24397,
      "cqadupstack/unix": 0.29165,
      "cqadupstack/webmasters": 0.31381,
      "cqadupstack/wordpress": 0.27925
    }
  },
  {
    "system": "BM25 + supervised cross-encoder (BEIR paper)",
    "method": "cross-encoder",
    "parameters": null,
    "profile": "beir-paper",
    "source": "Muennighoff/sgpt sgpt_utils.ipynb, 'scores_bm25_ce'",
    "scores": {
      "msmarco": 0.413,
      "trec-covid": 0.757,
      "bioasq": 0.523,
      "nfcorpus": 0.35,
      "nq": 0.533,
      "hotpotqa": 0.707,
      "fiqa": 0.347,
      "signal1m": 0.338,
      "trec-news": 0.431,
      "robust04": 0.475,
      "arguana": 0.311,
      "webis-touche2020": 0.271,
      "cqadupstack": 0.37,
      "quora": 0.825,
      "dbpedia-entity": 0.409,
      "scidocs": 0.166,
      "fever": 0.819,
      "climate-fever": 0.253,
      "scifact": 0.688
    }
  },
  {
    "system": "SGPT-CE-6.1B (GPT-J, prompt G, top 100 of BM25)",
    "method": "cross-encoder",
    "parameters": 6100000000.0,
    "profile": "sgpt-paper",
    "source": "Muennighoff/sgpt sgpt_utils.ipynb ('sgptce_openai_selection'); nq, msmarco from the paper's results page",
    "scores": {
      "trec-covid": 0.7912,
      "nfcorpus": 0.34737,
      "hotpotqa": 0.69878,
      "fiqa": 0.40125,
      "arguana": 0.28606,
      "webis-touche2020": 0.23373,
      "quora": 0.79347,
      "dbpedia-entity": 0.37003,
      "fever": 0.72469,
      "climate-fever": 0.16058,
      "scifact": 0.68168,
      "nq": 0.401,
      "msmarco": 0.29
    }
  },
  {
    "system": "SGPT-CE-2.7B (GPT-Neo, prompt G, top 100 of BM25)",
    "method": "cross-encoder",
    "parameters": 2700000000.0,
    "profile": "sgpt-paper",
    "source": "the paper's results page",
    "scores": {
      "msmarco": 0.278
    }
  },
  {
    "system": "SGPT-BE-5.8B (SGPT-5.8B-weightedmean-msmarco-specb-bitfit)",
    "method": "bi-encoder",
    "parameters": 5800000000.0,
    "profile": "sgpt-paper",
    "source": "the paper's results page",
    "scores": {
      "hotpotqa": 0.593,
      "nq": 0.524,
      "fiqa": 0.372,
      "msmarco": 0.399,
      "nfcorpus": 0.362
    }
  },
  {
    "system": "SGPT-BE-125M (SGPT-125M-weightedmean-msmarco-specb-bitfit)",
    "method": "bi-encoder",
    "parameters": 125000000.0,
    "profile": "sgpt-paper",
    "source": "Muennighoff/sgpt README",
    "scores": {
      "scifact": 0.569
    }
  },
  {
    "system": "bigscience/sgpt-bloom-7b1-msmarco",
    "method": "bi-encoder",
    "parameters": 7100000000.0,
    "profile": "mteb",
    "source": "embeddings-benchmark/results",
    "scores": {
      "arguana": 0.47282,
      "climate-fever": 0.29386,
      "dbpedia-entity": 0.39035,
      "fever": 0.73966,
      "fiqa": 0.35836,
      "hotpotqa": 0.57256,
      "nfcorpus": 0.35776,
      "nq": 0.53151,
      "quora": 0.74708,
      "scidocs": 0.18619,
      "scifact": 0.72111,
      "webis-touche2020": 0.23982,
      "trec-covid": 0.81368
    }
  },
  {
    "system": "sentence-transformers/all-MiniLM-L6-v2",
    "method": "bi-encoder",
    "parameters": 22700000.0,
    "profile": "mteb",
    "source": "embeddings-benchmark/results, revision 8b3219a",
    "scores": {
      "arguana": 0.50167,
      "climate-fever": 0.20272,
      "dbpedia-entity": 0.3233,
      "fever": 0.51934,
      "fiqa": 0.36867,
      "hotpotqa": 0.46513,
      "msmarco": 0.36542,
      "nfcorpus": 0.31594,
      "nq": 0.43869,
      "quora": 0.87552,
      "scidocs": 0.21641,
      "scifact": 0.64508,
      "webis-touche2020": 0.16904,
      "trec-covid": 0.47232,
      "cqadupstack": 0.41325,
      "cqadupstack/android": 0.53829,
      "cqadupstack/english": 0.47776,
      "cqadupstack/gaming": 0.56923,
      "cqadupstack/gis": 0.4131,
      "cqadupstack/mathematica": 0.29286,
      "cqadupstack/physics": 0.46982,
      "cqadupstack/programmers": 0.38968,
      "cqadupstack/stats": 0.35379,
      "cqadupstack/tex": 0.30519,
      "cqadupstack/unix": 0.4131,
      "cqadupstack/webmasters": 0.40467,
      "cqadupstack/wordpress": 0.33148
    }
  }
];
