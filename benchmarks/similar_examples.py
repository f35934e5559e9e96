"""How long does it take to find the 5 most similar of 50,000 training rows for each of them?

Against scikit-learn's exact search over the same vectors (words and characters, TF-IDF, cosine). Making the vectors is part of both sides.
1,000 rows are asked about, and the seconds that takes are taken fifty times, for both sides compare in blocks, one after the other.
"""

import numpy as np

from benchmarks.harness import Result, Work, cost, main, seconds

ROWS, QUERIES, NEAREST = 50_000, 1_000, 5
WORDS = 20_000


def run(smoke: bool) -> list[Result]:
    """One size."""
    rows, queries = (300, 30) if smoke else (ROWS, QUERIES)
    sides = [cost(side, rows, queries, imported=["gencls.neighbours"]) for side in (ours, brute_force)]
    ours_s, peer_s = (side.found[0] + side.found[1] * rows / queries for side in sides)
    ours_mb, peer_mb = (side.mb for side in sides)
    shape, demand = f"{rows:,} x {rows:,} rows, top {NEAREST}", "not slower, no more memory"
    note = f"of {ours_s:.3g} s {sides[0].found[0]:.3g} s make the vectors, of the other {peer_s:.3g} s {sides[1].found[0]:.3g} s"
    peer = "scikit-learn, brute force"
    return [Result("similar examples", shape, ours_s, peer, peer_s, 1, demand, ours_mb, peer_mb, memory_floor=1, note=note)]


def ours(rows: int, queries: int) -> Work:
    """Seconds of making the index, and of asking it."""
    from gencls.neighbours import Neighbours, Tfidf

    texts, made = _texts(rows), []
    return lambda: (
        seconds(lambda: made.append(Neighbours(texts, Tfidf("en")))),
        seconds(lambda: made[0].nearest(texts[:queries], NEAREST)),
    )


def brute_force(rows: int, queries: int) -> Work:
    """The same with scikit-learn; a row finds itself, so one more is asked for."""
    from sklearn.neighbors import NearestNeighbors

    from gencls.neighbours import Tfidf

    texts, made = _texts(rows), []

    def make() -> None:
        vectors = Tfidf("en").fit_transform(texts)
        index = NearestNeighbors(n_neighbors=NEAREST + 1, algorithm="brute", metric="cosine").fit(vectors)
        made.append(lambda: index.kneighbors(vectors[:queries], return_distance=False))

    return lambda: (seconds(make), seconds(lambda: made[0]()))


def _texts(rows: int) -> list[str]:
    """Texts of 5-15 words, of which a few are common and most are rare, as in any language."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(rng.choice(letters, rng.integers(3, 9))) for _ in range(WORDS)])
    shares = 1 / np.arange(1, WORDS + 1)
    lengths = rng.integers(5, 16, size=rows)
    drawn = rng.choice(words, size=lengths.sum(), p=shares / shares.sum())
    return [" ".join(part) for part in np.split(drawn, lengths.cumsum()[:-1])]


if __name__ == "__main__":
    main(run)
