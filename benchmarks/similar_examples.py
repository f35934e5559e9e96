"""How long does it take to find the 5 training rows most similar to a row, among 50,000?

Against scikit-learn's exact search over the same kind of vectors (words and characters, TF-IDF, cosine), vectorising included on both
sides. 50,000 rows are asked about in the question; measured are fewer, for both sides take time in proportion, in blocks of bounded
memory.
"""

import numpy as np

from benchmarks.harness import Result, Work, cost, main

ROWS, QUERIES, NEAREST = 50_000, 1_000, 5
WORDS = 20_000


def run(smoke: bool) -> list[Result]:
    """One size."""
    rows, queries = (300, 30) if smoke else (ROWS, QUERIES)
    own, peer = (cost(side, rows, queries, imported=["gencls.neighbours"]) for side in (ours, brute_force))
    shape, demand = f"{queries:,} of {rows:,} x {rows:,} rows, top {NEAREST}", "not slower, no more memory"
    memory = (own.mb, peer.mb)
    return [Result("similar examples", shape, own.seconds, "scikit-learn, brute force", peer.seconds, 1, demand, *memory, memory_floor=1)]


def ours(rows: int, queries: int) -> Work:
    """The library."""
    from gencls.neighbours import Neighbours, Tfidf

    texts = _texts(rows)
    return lambda: Neighbours(texts, Tfidf("en")).nearest(texts[:queries], NEAREST)


def brute_force(rows: int, queries: int) -> Work:
    """scikit-learn; a row finds itself, so one more is asked for."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors
    from sklearn.pipeline import make_union

    texts = _texts(rows)

    def work() -> None:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, max_features=100_000, dtype=np.float32)
        vectors = make_union(words, characters).fit_transform(texts)
        index = NearestNeighbors(n_neighbors=NEAREST + 1, algorithm="brute", metric="cosine").fit(vectors)
        index.kneighbors(vectors[:queries], return_distance=False)

    return work


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
