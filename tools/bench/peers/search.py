"""faiss's IndexFlatIP over vectors in memory."""

import numpy as np
from serve import fastest, serve, versions

# Documents that faiss multiplies at a time; its default is made for few results.
DATABASE_BLOCKS = [1024, 4096, 16384, 65536]


def prepare(parameters):
    import faiss

    read = lambda name: np.fromfile(parameters[name], dtype=np.float32).reshape(-1, parameters["columns"])
    queries = read("queries")
    index = faiss.IndexFlatIP(parameters["columns"])
    index.add(read("documents"))
    faiss.omp_set_num_threads(parameters["threads"])

    def search(block):
        faiss.cvar.distance_compute_blas_database_bs = block
        return index.search(queries, parameters["topK"])

    best = fastest(DATABASE_BLOCKS, search)

    def run():
        scores, ids = search(best)

        def keep():
            with open(parameters["results"], "wb") as file:
                file.write(ids.astype(np.int32).tobytes() + scores.astype(np.float32).tobytes())

        return {"finish": keep}

    about = f"{versions('faiss-cpu', 'numpy')}, {parameters['threads']} threads, database blocks of {best} (best of {DATABASE_BLOCKS})"
    return about, run


serve(prepare)
