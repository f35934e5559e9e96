"""A model under one inference strategy: names come back whatever was written, Uncertain is wrong, PMI takes off what an empty text says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import LABELS, rows

from gencls import decoding, models
from gencls.inference import Asker, Scored
from gencls.labels import UNCERTAIN, written
from gencls.params import Model, Strategy
from gencls.prompts import Prompt, Renderer
from gencls.scorer import Scores
from tasks import evaluate

NUMBERED = Strategy(labels="number", uncertain=True)


def ask(base_folder: Path, strategy: Strategy, labels: list[str] = LABELS) -> Scored:
    network, tokenizer = models.load(base_folder, Model(device="cpu", max_length=96))
    names = written(labels, strategy, language="en", seed=7)
    renderer = Renderer(strategy, names)
    about: dict[str, Any] = {"labels": labels, "written": names, "empty": renderer.segments("")}
    asker = Asker(network, tokenizer, about, max_length=96, batch_tokens=512)
    return asker([Prompt(str(i), renderer.segments(text), labels[0]) for i, (text, _) in enumerate(rows(12))])


@pytest.fixture(scope="module")
def numbered(base_folder: Path) -> Scored:
    return ask(base_folder, NUMBERED)


def test_answers_are_names_also_where_numbers_are_written(numbered: Scored) -> None:
    for decoder in ("trie", "likelihood", "perplexity", "pmi"):
        assert set(numbered.answers(decoder)) <= {*LABELS, UNCERTAIN}


def test_probabilities_leave_uncertain_out_and_sum_to_one(numbered: Scored) -> None:
    assert numbered.labels == LABELS and numbered.probabilities.shape == (12, len(LABELS))
    np.testing.assert_allclose(numbered.probabilities.sum(axis=1), 1)


def test_uncertain_counts_as_wrong_where_a_strategy_offers_it(numbered: Scored) -> None:
    edges = numbered.scheme.trie.membership[:, [-1, 0]].T.astype(np.float64)  # two rows: one for the last label, one for the first
    scored = replace(numbered, scores=Scores(edges, edges > 0))
    assert scored.answers("likelihood") == [UNCERTAIN, "refund"]
    assert scored.certain(scored.answers("likelihood")) == [None, "refund"]


def test_a_data_set_s_own_class_uncertain_is_a_label_like_any_other(base_folder: Path) -> None:
    labels = ["yes", UNCERTAIN, "no"]
    scored = ask(base_folder, Strategy(labels="number"), labels)
    assert scored.labels == labels and scored.probabilities.shape == (12, 3)
    answers = scored.answers("likelihood")
    assert scored.certain(answers) == answers == [labels[i] for i in scored.probabilities.argmax(axis=1)]
    cell = evaluate._cell([Prompt(str(i), [], "yes") for i in range(12)], scored, {"likelihood": scored.answers("likelihood")})
    assert list(cell["label_tokens"]) == labels and cell["uncertain"] == {"likelihood": 0}, "nothing is offered besides"


def test_pmi_is_the_likelihood_less_that_of_the_empty_text(base_folder: Path) -> None:
    scored = ask(base_folder, Strategy())
    trie = scored.scheme.trie
    gain = decoding.label_log_probabilities(scored.scores.edges, trie) - decoding.label_log_probabilities(scored.empty.edges, trie)
    assert scored.answers("pmi") == [LABELS[i] for i in gain.argmax(axis=1)]
    assert len(scored.empty.edges) == 1


def test_an_untrained_model_left_to_itself_writes_no_label(numbered: Scored) -> None:
    assert set(numbered.answers("generate")) == {None}
