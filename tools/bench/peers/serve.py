"""The other end of harness/contender.ts for Python: says what it is, then does the job once for each line it is given."""

import importlib.metadata
import json
import os
import resource
import sys
import time

# Whatever a library prints must not get among the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def answer(value):
    print(json.dumps(value), file=answers, flush=True)


def versions(*names):
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def serve(prepare):
    """prepare(parameters) gives what the program is, and a function that does the job and returns a dict: seconds by phase,
    output, and finish, which does what does not count."""
    try:
        about, run = prepare(json.loads(sys.argv[1]))
    except ImportError as error:
        answer({"missing": str(error)})
        return
    answer({"about": about})
    for line in sys.stdin:
        if line.strip() != "run":
            continue
        start, before = time.perf_counter(), time.process_time()
        sample = run() or {}
        sample.setdefault("seconds", {"total": time.perf_counter() - start})
        sample["cpu"] = time.process_time() - before
        sample["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if "finish" in sample:
            sample.pop("finish")()
        answer(sample)


def fastest(settings, run, times=3):
    """The setting with which `run(setting)` is fastest, out of so many runs each."""

    def seconds(setting):
        best = float("inf")
        for _ in range(times):
            start = time.perf_counter()
            run(setting)
            best = min(best, time.perf_counter() - start)
        return best

    return min(settings, key=seconds)
