"""Random runs and judgements, made alike here and in test/measures/cases.ts from one small generator of numbers.

Only the expected values are stored, so what both sides make must be the same to the last bit.
"""


class Mulberry32:
    """The generator mulberry32: 32 bits of state, the same numbers in Python and JavaScript."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    def next(self):
        """A number from 0 (included) to 1 (excluded)."""
        self.state = (self.state + 0x6D2B79F5) & 0xFFFFFFFF
        t = self.state
        t = ((t ^ (t >> 15)) * (t | 1)) & 0xFFFFFFFF
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296

    def below(self, n):
        return int(self.next() * n)


# Ids whose order differs between UTF-8 bytes, UTF-16 units and locales.
MARKS = ["", "a", "B", "_", "é", "z", "漢", "\uff5e", "🙂", "-"]


def make_case(seed, plain=False):
    """A run and judgements of one to three queries.

    The run has ties, near ties (equal as float32, not as float64), negative scores, empty and missing rankings and
    queries without judgements; the judgements have grades from -2 to 3 and documents that the run does not have.
    `plain` leaves out what other programs than trec_eval treat differently: ids beyond ASCII, ties, negative grades, empty rankings, and
    queries of the run without judgements or without a relevant document.

    Returns (qrels, run): dicts of dicts, the run's documents in random order.
    """
    rng = Mulberry32(seed)
    qrels, run = {}, {}
    for q in range(1 + rng.below(3)):
        query = str(q + 1)
        pool = 5 + rng.below(40)
        deep = rng.below(50) == 0
        if deep:
            pool = 1200
        ids = []
        for i in range(pool):
            mark = MARKS[rng.below(4 if plain else len(MARKS))]
            ids.append(query if i == 3 else f"{mark}{rng.below(1000)}d{i}")
        kind = rng.below(3)
        ranking = {}
        for i in range(pool):
            u, v, w = rng.next(), rng.next(), rng.next()
            if u > 0.7:
                continue
            if plain:
                ranking[ids[i]] = float(i * 7919 % pool) + 0.25
            elif kind == 0:
                ranking[ids[i]] = float(int(v * 8)) - 2.0
            elif kind == 1:
                ranking[ids[i]] = v * 100 - 20
            else:
                ranking[ids[i]] = float(int(v * 10)) / 8 + int(w * 3) * 1e-9
        judged = {}
        rich = rng.next() * 0.6
        for i in range(pool):
            u, v = rng.next(), rng.next()
            if u < (0.02 if deep else rich):
                judged[ids[pool - 1 - i]] = int(v * 4) if plain else int(v * 6) - 2
        first = ids[rng.below(pool)]
        judged[first] = 1 + rng.below(3) if plain else rng.below(3)
        fate = rng.below(12)
        if plain and len(ranking) == 0:
            ranking[ids[0]] = 1.0
        if fate != 0 or plain:
            qrels[query] = judged
        if fate == 1:
            ranking = ranking if plain else {}
        if fate != 2:
            run[query] = ranking
    if not qrels or not any(q in qrels for q in run):
        qrels["9"], run["9"] = {"d": 1}, {"d": 1.0}
    return qrels, run
