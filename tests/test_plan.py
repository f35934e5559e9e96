"""The parameters that `make new` chooses fit the prompts that the stages will make of the rows."""

from typing import Literal

import pandas as pd
import pytest

from gencls.errors import InputError
from gencls.params import Strategy
from gencls.prompts import Prompt, Renderer
from gencls.scheme import LabelScheme
from gencls.start.plan import Plan, plan
from gencls.start.survey import survey
from gencls.tokenizer import train_tokenizer

VERBS = ["activate", "cancel", "change", "check", "close", "delete", "explain", "find", "move", "open"]
VERBS += ["order", "pay", "renew", "report", "stop"]
NOUNS = ["account", "address", "balance", "booking", "card", "contract", "delivery", "device", "discount", "document"]
NOUNS += ["extension", "fee", "holiday", "insurance", "invoice", "language", "licence", "loan", "meeting", "message"]


def planned(rows: list[tuple[str, str]], *, language: Literal["en", "zh"] = "en") -> Plan:
    frame = pd.DataFrame(rows, columns=["text", "label"], dtype="str")
    return plan(survey(frame), language=language, seed=7, decodings=3, flops=1e11)


def test_a_label_list_that_is_longer_than_prompts_should_be_still_leaves_room_for_the_text() -> None:
    labels = [f"{verb}_{noun}" for verb in VERBS for noun in NOUNS]
    texts = [(f"please {label.replace('_', ' my ')} number {i}", label) for label in labels for i in range(2)]
    made = planned(texts)
    assert len(labels) == 300 and any("the list of the labels takes 1" in doubt for doubt in made.doubts)
    renderer = Renderer(Strategy(), {label: label for label in labels})
    prompts = [Prompt(text, renderer.segments(text), label) for text, label in texts[::4]]
    tokenizer = train_tokenizer([prompt.content for prompt in prompts], made.knobs["base.vocab_size"])
    assert LabelScheme.build(tokenizer, renderer.written, made.knobs["model.max_length"]).encode(prompts).cut == 0


@pytest.mark.parametrize("own", ["Uncertain", "不确定"])
def test_a_class_that_is_called_as_the_extra_label_is_planned_without_it(own: str) -> None:
    made = planned([(f"第{i}条", ("好评", "差评", own)[i % 3]) for i in range(60)], language="zh")
    assert "uncertain" not in made.strategies and "similar_3" in made.strategies


def test_mixed_texts_are_offered_where_the_rows_of_a_class_are_few() -> None:
    def chosen(rows: int, classes: int) -> list[str]:
        return list(planned([(f"{VERBS[i % 15]} my {NOUNS[i % 20]} {i}", NOUNS[i % classes]) for i in range(rows)]).strategies)

    assert chosen(1600, 16)[:2] == ["zero_shot", "mixed"] and "mixed" not in chosen(1600, 4)


@pytest.mark.parametrize(("rows", "classes"), [(50, 50), (3, 2)])
def test_too_few_rows_to_hold_any_out_are_one_error_that_says_what_to_do(rows: int, classes: int) -> None:
    with pytest.raises(InputError, match=f"{rows} rows of {classes} classes leave none for validation.*: label more rows, .*--label"):
        planned([(f"some text {i}", f"class {i % classes}") for i in range(rows)])


def test_what_is_cut_from_long_documents_is_neither_measured_nor_estimated() -> None:
    def documents(words: int) -> Plan:
        return planned([(f"{i} " + " ".join(VERBS[(i + j * j) % 15] for j in range(words)), NOUNS[i % 2]) for i in range(40)])

    some, more = documents(2000), documents(8000)
    assert (some.formula, some.knobs) == (more.formula, more.knobs)
    assert some.knobs["model.max_length"] == 768 and some.rows["train"] == 28
    assert any(doubt.startswith("28 of the prompts measured are longer than model.max_length: 768") for doubt in some.doubts)
