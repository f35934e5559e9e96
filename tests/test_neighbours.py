"""Similar rows: exact, never the row itself, in bounded memory, computed once for every strategy."""

import importlib.util
import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from conftest import rows
from sklearn.neighbors import NearestNeighbors

from gencls import neighbours, params
from gencls.errors import InputError
from gencls.neighbours import Neighbours, Tfidf, encoder
from tasks import neighbours as stage_of_neighbours
from tasks import paths, render

TEXTS = ["the parcel is late", "the parcel is very late", "i want my money back", "money back now", "the parcel is late", "hello there"]
CHINESE = ["股票上涨基金", "今天的比赛进球", "基金和股票下跌", "球队比赛夺冠", "股票上涨基金 "]
SENTENCE_TRANSFORMERS = importlib.util.find_spec("sentence_transformers") is not None


def many(count: int) -> list[str]:
    """Texts that are all different."""
    return [f"{text} {i}" for i, (text, _) in enumerate(rows(count))]


def rows_of(found: Sequence[Sequence[tuple[int, float]]]) -> list[list[int]]:
    return [[row for row, _ in nearest] for nearest in found]


def test_the_nearest_rows_come_first_and_a_row_never_sees_its_own_text() -> None:
    found = Neighbours(TEXTS, Tfidf("en")).nearest(TEXTS, 2)
    for row, nearest in enumerate(found):
        assert all(TEXTS[i] != TEXTS[row] for i, _ in nearest)
        assert nearest[0][1] >= nearest[1][1]
    assert [nearest[0][0] for nearest in found[:4]] == [1, 0, 3, 2]


def test_outer_whitespace_does_not_hide_a_duplicate() -> None:
    assert set(rows_of(Neighbours(TEXTS, Tfidf("en")).nearest(["  the parcel is late "]))[0]) == {1, 2, 3, 5}


def test_rows_with_one_text_stand_side_by_side_and_ties_go_to_the_earlier_row() -> None:
    found = Neighbours(TEXTS, Tfidf("en")).nearest(["a parcel", "zzz"], 3)
    assert rows_of(found)[0][:2] == [0, 4] and found[0][0][1] == found[0][1][1]
    assert found[1] == [(0, 0.0), (1, 0.0), (2, 0.0)], "nothing in common with any row"


def test_it_finds_what_an_exhaustive_search_finds() -> None:
    texts, queries = many(400), [f"{text} {i}" for i, (text, _) in enumerate(rows(50, seed=9))]
    vectors = Tfidf("en")
    matrix = vectors.fit_transform(texts)
    distance, _ = NearestNeighbors(n_neighbors=5, metric="cosine", algorithm="brute").fit(matrix).kneighbors(vectors.transform(queries))
    found = Neighbours(texts, Tfidf("en")).nearest(queries)
    np.testing.assert_allclose([[similarity for _, similarity in nearest] for nearest in found], 1 - distance, atol=2e-6)


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = many(60)
    whole = Neighbours(texts, Tfidf("en")).nearest(texts)
    monkeypatch.setattr(neighbours, "CELLS", 7 * len(texts))
    monkeypatch.setattr(neighbours, "GROUPS", 8)
    assert Neighbours(texts, Tfidf("en")).nearest(texts) == whole


def test_memory_does_not_grow_with_the_number_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """All similarities of 3,000 rows with each other would be 36 MB."""
    texts = many(3000)
    index = Neighbours(texts, Tfidf("en"))
    monkeypatch.setattr(neighbours, "CELLS", 2**18)
    tracemalloc.start()
    index.nearest(texts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 18e6


def test_chinese_is_compared_by_single_characters_and_pairs() -> None:
    found = rows_of(Neighbours(CHINESE, Tfidf("zh")).nearest(CHINESE, 3))
    assert [nearest[0] for nearest in found] == [2, 3, 0, 1, 2]
    assert all(4 not in nearest for nearest in (found[0], found[4])), "the same text but for outer white space"


def test_a_term_of_most_texts_does_not_make_them_similar() -> None:
    texts = [f"please {i}" for i in range(300)] + ["refund the money"]
    (first, second), *_ = Neighbours(texts, Tfidf("en")).nearest(["please refund"], 2)
    assert first[0] == 300 and first[1] > 0.1
    assert second == (0, 0.0)


def test_fewer_rows_than_asked_for_are_all_given() -> None:
    assert rows_of(Neighbours(["a b", "a b", "c d"], Tfidf("en")).nearest(["a b", "c d", "a"])) == [[2], [0, 1], [0, 1, 2]]


class Letters:
    """A dense encoder: how often each letter occurs."""

    def fit_transform(self, texts: Sequence[str]) -> np.ndarray:
        return self.transform(texts)

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_dense_vectors_are_searched_by_the_same_code() -> None:
    found = Neighbours(["aab", "abb", "cd", "ccd"], Letters()).nearest(["aab", "cdd"], 2)
    assert rows_of(found) == [[1, 2], [2, 3]]
    assert found[0][0][1] == pytest.approx(0.8) and found[1][0][1] == pytest.approx(3 / np.sqrt(10), abs=1e-6)


@pytest.mark.skipif(SENTENCE_TRANSFORMERS, reason="sentence-transformers is installed")
def test_an_encoder_without_its_package_says_what_to_install() -> None:
    with pytest.raises(
        InputError, match=r"neighbours.encoder 'some/model' needs the package .* install gencls\[embeddings\], or choose tfidf"
    ):
        encoder("some/model", language="en")


@pytest.mark.skipif(not SENTENCE_TRANSFORMERS, reason="sentence-transformers (the extra `embeddings`) is not installed")
def test_a_folder_with_a_sentence_transformers_model_encodes(base_folder: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    body = Transformer(str(base_folder))
    SentenceTransformer(modules=[body, Pooling(body.get_embedding_dimension())], device="cpu").save(str(tmp_path / "encoder"))
    found = Neighbours(TEXTS, encoder(str(tmp_path / "encoder"), language="en", device="cpu")).nearest(TEXTS, 3)
    assert all(0 < similarity <= 1 for nearest in found for _, similarity in nearest)
    assert found[0] == found[4] and all(TEXTS[i] != TEXTS[0] for i, _ in found[0])
    with pytest.raises(InputError, match=r"neighbours.encoder '.*nothing' .* is no sentence-transformers model that can be had"):
        encoder(str(tmp_path / "nothing"), language="en")


def test_as_many_neighbours_are_kept_as_the_largest_strategy_shows() -> None:
    assert max(get_args(params.Strategy.model_fields["shots"].annotation)) == neighbours.K


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> params.Params:
    """A folder with a data set of three training texts, and parameters with strategies that ask for one and for three."""
    monkeypatch.chdir(tmp_path)
    folder = paths.data("tiny")
    folder.mkdir(parents=True)
    for split, texts in {"train": ["late parcel", "parcel lost", "money back"], "validation": ["money"], "test": ["lost", "x"]}.items():
        frame = pd.DataFrame({"id": [f"{split}-{i}" for i in range(len(texts))], "text": texts, "label": ["a"] * len(texts)})
        frame.to_parquet(folder / f"{split}.parquet")
    (folder / "labels.json").write_text(json.dumps({"language": "en", "labels": ["a"], "definitions": {}}))
    paths.definitions("tiny").parent.mkdir()
    paths.definitions("tiny").write_text(json.dumps({"definitions": {}}))
    similar = {f"similar_{n}": {"shots": n, "examples": "similar"} for n in (1, 3)}
    strategies = {"zero_shot": {}, **similar}
    return params.parse({"datasets": {"tiny": {"source": "builtin"}}, "strategies": strategies, "grid": {"train": ["zero_shot"]}})


def test_the_stage_writes_the_same_neighbours_again_and_prompts_show_them(project: params.Params) -> None:
    stage_of_neighbours.main(project, "tiny")
    folder = paths.neighbours("tiny")
    written = {file.name: file.read_bytes() for file in folder.iterdir()}
    train, test = pd.read_parquet(folder / "train.parquet"), pd.read_parquet(folder / "test.parquet")
    assert list(train["id"]) == ["train-0", "train-1", "train-2"]
    assert [list(nearest) for nearest in train["neighbours"]] == [["train-1", "train-2"], ["train-0", "train-2"], ["train-0", "train-1"]]
    assert test["similarities"][0].dtype == np.float32 and len(test["neighbours"][0]) == 3
    assert test["neighbours"][0][0] == "train-1" and test["similarities"][0][0] == test["similarities"][0][0].round(6)
    render.main(project, "tiny", "similar_1")
    prompt = (paths.prompts("tiny", "similar_1") / "test.jsonl").read_text().splitlines()[0]
    assert "parcel lost" in prompt and "money back" not in prompt
    stage_of_neighbours.main(project, "tiny")
    assert written == {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_strategy_that_asks_for_more_neighbours_than_there_are_is_one_error(project: params.Params) -> None:
    stage_of_neighbours.main(project, "tiny")
    message = r"data/neighbours/tiny/train.parquet: row train-0 has 2 similar training rows with another text, not 3"
    with pytest.raises(InputError, match=message):
        render.main(project, "tiny", "similar_3")
