"""Corpora that a reasoner learns from: the builtin one, files and the hub."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import rows

from gencls import encode, reasoner
from gencls.corpora import CorpusError, Row, digest, generated, quoting, read
from gencls.errors import InputError
from gencls.params import BuiltinCorpus, FilesCorpus, HubCorpus
from gencls.reasoner import Frame


@pytest.mark.parametrize(("language", "quote"), [("en", '"(.+?)"'), ("zh", "“(.+?)”")])
def test_the_builtin_corpus_repeats_with_the_seed_and_quotes_its_questions(tokenizer: Any, language: str, quote: str) -> None:
    made = generated.generate(600, tokenizer, language, seed=7)
    assert made == generated.generate(600, tokenizer, language, seed=7) != generated.generate(600, tokenizer, language, seed=8)
    assert len({row.question for row in made}) == 600 and all(row.question and row.answer and row.reasoning for row in made)
    quotes = [(words, row) for row in made if (words := re.findall(quote, row.reasoning))]
    assert len(quotes) > 200 and all(word in row.question for words, row in quotes for word in words)
    assert sum(row.answer in row.reasoning for row in made) > 500


def test_the_builtin_corpus_quotes_the_words_of_the_tokenizer_not_a_few_of_its_own(tokenizer: Any) -> None:
    made = generated.generate(3000, tokenizer, "en", seed=7)
    quoted = Counter(word for row in made for word in re.findall('"(.+?)"', row.reasoning))
    beginnings = set(quoting.Words.of(tokenizer, "en").beginnings)
    assert len(beginnings & quoted.keys()) > 0.9 * len(beginnings) > 10


def test_a_reasoning_stays_with_its_question_however_the_corpus_is_sliced(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [Row(text, label, f"{text} {label}" if i % 3 else text * 20) for i, (text, label) in enumerate(rows(10))]
    frame = Frame(tokenizer, 160, 40)
    whole = reasoner._fitting(made, frame)
    assert sorted(whole) == [i for i in range(10) if i % 3]
    assert all(tokenizer.decode(ids) == made[place].reasoning for place, ids in whole.items())
    monkeypatch.setattr(encode, "SLICE", 3)
    assert reasoner._fitting(made, frame) == whole


def test_a_corpus_that_is_not_there_names_both_ways_to_it(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no such file. There are two ways(.|\n)*GENCLS_DATA"):
        read(FilesCorpus(source="files", name="c", sha256=""), tmp_path / "train.jsonl", None, "en", seed=7)
    (tmp_path / "train.jsonl").write_text('{"question": "a", "answer": "b"}')
    with pytest.raises(InputError, match="no column 'reasoning'; columns there: 'question', 'answer'"):
        read(FilesCorpus(source="files", name="c", sha256=""), tmp_path / "train.jsonl", None, "en", seed=7)


def test_a_corpus_of_the_hub_is_read_by_its_columns_and_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "corpus").mkdir()
    pd.DataFrame({"q": ["1 + 1?", "2 + 2?", "?"], "a": ["2", "4", "x"], "why": ["one more", "two more", ""]}).to_parquet(
        tmp_path / "corpus/train.parquet"
    )
    columns = {"question": "q", "answer": "a", "reasoning": "why"}
    spec = HubCorpus(source="hub", id=str(tmp_path / "corpus"), split="train", **columns)
    assert [tuple(row) for row in read(spec, tmp_path, None, "en", seed=7)] == [("1 + 1?", "2", "one more"), ("2 + 2?", "4", "two more")]
    with pytest.raises(CorpusError, match="no column 'rationale'; columns there: 'q', 'a', 'why'"):
        read(spec.model_copy(update={"reasoning": "rationale"}), tmp_path, None, "en", seed=7)
    with pytest.raises(CorpusError, match="split"):
        read(spec.model_copy(update={"split": "nope"}), tmp_path, None, "en", seed=7)
    with pytest.raises(ValueError, match="it is a hub id and needs `revision`"):
        HubCorpus(source="hub", id="syvai/reasoning-gen")


def test_rows_of_the_builtin_corpus_are_learnt_besides_another_one(tmp_path: Path, tokenizer: Any) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"question": "1 + 1?", "answer": "2", "reasoning": "one more"}')
    own = Row("1 + 1?", "2", "one more")
    spec = FilesCorpus(source="files", name="c", sha256=digest([own]), builtin=12)
    builtin = read(BuiltinCorpus(source="builtin", rows=12), file, tokenizer, "en", seed=7)
    assert read(spec, file, tokenizer, "en", seed=7) == [own, *builtin]
