"""The report: the right arm is chosen, the sentences say what was found, and the page is one safe, complete file."""

import json
import os
from html.parser import HTMLParser
from pathlib import Path

import artifacts
import pytest

from gencls import params
from gencls.report import rows, words
from gencls.report.results import Arm, Results, compare
from tasks import paths, report, stage

LABELS = ["card arrival", "cancel order", "</style><script>alert(1)</script>", "change address", "missing item", 'say "no" & go']
TEXT = "<img src=x onerror=alert(2)> {label}, order {i}"
CHINESE = [f"{first}{second}" for first in "财体教游音视社医旅购金" for second in "经育学乐频交疗行物融闻"][:119]


def settings(*data_sets: str, **changes) -> params.Params:
    strategies = {"zero_shot": {}, "similar_3": {"shots": 3}, "definitions": {}}
    grid = {"train": ["zero_shot", "similar_3"], "infer": ["zero_shot", "similar_3"], "decoding": ["trie", "generate"]}
    content = {"datasets": {ds: {"source": "builtin"} for ds in data_sets}, "strategies": strategies, "grid": grid}
    return params.parse({**content, "evaluate": {"bootstrap": 100}, "report": {"title": "A <title>", "rows": 5}, **changes})


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory):
    """A folder in which the report of two data sets was made, one of them with hostile names, the other with 119 classes."""
    home = Path.cwd()
    root = tmp_path_factory.mktemp("workspace")
    os.chdir(root)
    content = settings("intents", "apps")
    artifacts.write(content, "intents", LABELS, text=TEXT)
    artifacts.write(content, "apps", CHINESE)
    leftover = paths.evaluation("intents", "sft", "gone", "zero_shot") / "metrics.json"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("a strategy that is no longer in params.yaml")
    report.main(content)
    yield root
    os.chdir(home)


@pytest.fixture
def page(workspace: Path) -> str:
    return (workspace / paths.REPORT).read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Collects the elements of a page, their attributes and the visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_well_formed_and_needs_nothing_else(page: str):
    parsed = Tags(page)
    assert not parsed.open
    assert not {"script", "link", "img", "iframe", "object"} & set(parsed.tags)
    assert not [value for name, value in parsed.attributes if name in ("src", "srcset", "xlink:href", "onerror", "onload")]
    links = {value for name, value in parsed.attributes if name == "href"}
    assert links == {"#intents", "#apps", "#run", "#reading", "validate/intents.html", "validate/apps.html"}
    assert "url(" not in page
    assert "@import" not in page


def test_everything_from_data_is_escaped(page: str):
    text = Tags(page).text
    assert "</style><script>alert(1)</script>" in text
    assert "<img src=x onerror=alert(2)>" in text
    assert "A <title>" in text
    assert page.count("<style>") == page.count("</style>") == 1


def test_the_figures_have_no_colour_of_their_own_and_no_identifier(page: str):
    drawings = page.split("<svg ")[1:]
    assert len(drawings) > 20
    for drawing in drawings:
        svg = drawing.split("</svg>")[0]
        assert 'id="' not in svg
        assert 'fill="#' not in svg
        assert 'stroke="#' not in svg


def test_a_hundred_and_nineteen_classes_stay_readable(page: str):
    assert all(page.count(f">{label}<") >= 3 for label in CHINESE)
    assert len(page) < 1_500_000


def test_the_same_inputs_give_the_same_bytes(workspace: Path, page: str):
    report.main(settings("intents", "apps"))
    assert (workspace / paths.REPORT).read_text(encoding="utf-8") == page


def test_the_metrics_file_has_an_entry_per_arm(workspace: Path):
    scores = json.loads((workspace / paths.METRICS).read_text())
    baselines = [f"baseline/{name}" for name in ("majority", "knn", "tfidf_logreg", "linear_svm", "sequence_head")]
    arms = [*baselines, "sft/zero_shot", "sft/similar_3", "rl/reinforce_pp", "naive"]
    assert {ds: list(entry) for ds, entry in scores.items()} == {"intents": arms, "apps": arms}
    record = json.loads((paths.evaluation("intents", "sft", "zero_shot", "zero_shot") / "metrics.json").read_text())["test"]["trie"]
    expected = {score: record[score] for score in ("accuracy", "macro_f1", "log_loss", "ece", "invalid_share")}
    assert scores["intents"]["naive"] == expected


def test_the_confusion_for_dvc_is_that_of_the_best_arm(workspace: Path):
    lines = (paths.CONFUSION / "apps.csv").read_text(encoding="utf-8").splitlines()
    winner = report._data_set(settings("apps"), "apps").results.winner
    right = sum(gold == predicted for gold, predicted in (line.split(",") for line in lines[1:]))
    assert (lines[0], len(lines)) == ("label,predicted", 301)
    assert right / 300 == pytest.approx(winner.test["accuracy"], abs=1e-6)


def test_times_that_are_not_known_are_not_invented(page: str):
    text = Tags(page).text
    assert "12 min 34 s1 of 2 cells" in text
    assert "0 s" not in text.replace("34 s", "").split("Time per stage")[1].split("Versions")[0]


def test_without_rl_there_is_no_word_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    content = settings("intents", rl={"algorithms": []})
    artifacts.write(content, "intents", ["a", "b"])
    report.main(content)
    text = Tags(paths.REPORT.read_text(encoding="utf-8")).text
    assert "RL helped" not in text
    assert "RL did not" not in text
    assert "Reinforcement learning" not in text


def test_a_missing_cell_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    artifacts.write(settings("intents"), "intents", ["a", "b"])
    paths.curve("sft", "intents", "similar_3").unlink()
    with pytest.raises(stage.StageError, match=r"reports/sft/intents/similar_3\.csv: no such file; dvc repro makes it"):
        report.main(settings("intents"))


def arm(name: str, validation: float | None, test: float, *, trainer: str = "sft", infer: str = "zero_shot", decoding: str = "trie") -> Arm:
    """An arm of which only the accuracies matter."""
    record = {"rows": 100, "accuracy": test, "accuracy_ci": [test, test], "macro_f1": test, "macro_f1_ci": [test, test]}
    seen = None if validation is None else {**record, "accuracy": validation, "macro_f1": validation}
    return Arm(trainer, name, record, Path("absent.csv"), infer if seen else "", decoding if seen else "", seen)


def results(*cells: Arm) -> Results:
    trained_under = {cell.model: cell.name if cell.trainer == "sft" else "zero_shot" for cell in cells}
    baselines = [arm("majority", None, 0.3, trainer="baseline"), arm("tfidf_logreg", None, 0.8, trainer="baseline")]
    return Results(baselines, list(cells), trained_under)


def test_the_choice_is_made_on_validation_and_not_on_test():
    found = results(arm("zero_shot", 0.8, 0.99), arm("zero_shot", 0.9, 0.5, infer="similar_3"), arm("similar_3", 0.85, 0.95))
    assert found.winner.title == "sft/zero_shot · similar_3 · trie"
    assert [cell.title for cell in found.shown[2:]] == [
        "sft/zero_shot · similar_3 · trie",
        "sft/zero_shot · zero_shot · trie",
        "sft/similar_3 · zero_shot · trie",
    ]
    assert found.best_baseline.name == "tfidf_logreg"


def test_of_equal_cells_the_first_of_the_grid_is_chosen():
    found = results(arm("zero_shot", 0.9, 0.1), arm("zero_shot", 0.9, 0.9, decoding="perplexity"), arm("similar_3", 0.9, 0.9))
    assert found.winner.title == "sft/zero_shot · zero_shot · trie"


def test_naive_sft_is_zero_shot_in_training_and_inference_with_trie_decoding():
    cells = [arm("zero_shot", 0.9, 0.9, decoding="perplexity"), arm("zero_shot", 0.8, 0.8), arm("reinforce_pp", 0.9, 0.9, trainer="rl")]
    assert results(*cells).naive.test["accuracy"] == 0.8
    assert results(arm("similar_3", 0.9, 0.9)).naive is None
    assert results(cells[0]).naive.decoding == "perplexity"


def difference(value: float, p: float) -> dict:
    return {"accuracy": {"difference": value, "ci": [value - 0.01, value + 0.01], "p": p}, "macro_f1": {}}


def test_the_sentences_say_when_nothing_was_gained():
    plain, best = arm("zero_shot", 0.8, 0.9), arm("similar_3", 0.9, 0.91, infer="similar_3")
    found = results(plain, best)
    chance = "Naive SFT has 90.0\u00a0%: a difference of +1.0 points [0.0,\u00a0+2.0], p = 0.40, within chance on this test set."
    assert words.against_naive(found, difference(0.01, 0.4)) == chance
    assert words.against_naive(found, difference(0.01, 0.0004)).endswith("p < 0.001, more than chance explains.")
    assert words.against_naive(found, difference(-0.01, 0.01)).endswith("p = 0.01, worse by more than chance explains.")
    assert words.against_naive(results(plain), None).startswith("It is naive SFT itself")
    assert "is not known" in words.against_naive(results(best), None)


@pytest.mark.parametrize(
    ("value", "p", "start"),
    [
        (0.02, 0.01, "RL helped:"),
        (0.0, 1.0, "RL did not help:"),
        (0.02, 0.3, "RL did not measurably help:"),
        (-0.02, 0.3, "RL did not help:"),
        (-0.02, 0.01, "RL made it worse:"),
    ],
)
def test_the_sentence_about_rl_is_honest(value: float, p: float, start: str):
    sentence = words.rl_against_warm_up(arm("reinforce_pp", 0.9, 0.92, trainer="rl"), arm("zero_shot", 0.9, 0.9), difference(value, p))
    assert sentence.startswith(start)


def test_numbers_are_written_for_people():
    assert (words.percent(0.9086), words.percent(None)) == ("90.9\u00a0%", "–")
    assert (words.points(0.008), words.points(-0.0123), words.points(-0.0001)) == ("+0.8", "\N{MINUS SIGN}1.2", "0.0")
    assert [words.duration(x) for x in (0.2, 42.4, 725, 7380)] == ["< 1 s", "42 s", "12 min 5 s", "2 h 3 min"]
    assert [words.p_value(x) for x in (0.0001, 0.0123, 0.4, 1.0)] == ["< 0.001", "0.012", "0.40", "1.00"]


def predictions(tmp_path: Path, name: str, answers: list[str], confidence: list[float]) -> Arm:
    lines = [
        f"test-{i},text {i},a,{answer},{c},{c if answer == 'a' else 1 - c},0"
        for i, (answer, c) in enumerate(zip(answers, confidence, strict=True))
    ]
    (tmp_path / name).write_text("id,text,label,predicted,confidence,p_a,p_b\n" + "\n".join(lines) + "\n")
    return Arm("sft", name, {}, tmp_path / name)


def test_arms_on_different_rows_are_not_compared(tmp_path: Path):
    with pytest.raises(ValueError, match="hold different rows"):
        compare(predictions(tmp_path, "a", ["a", "b"], [0.9, 0.9]), predictions(tmp_path, "b", ["a"], [0.9]), bootstrap=10, seed=7)


def test_the_hardest_rows_are_those_that_most_arms_get_wrong(tmp_path: Path):
    winner = predictions(tmp_path, "w", ["a", "b", "b", "a"], [0.9, 0.6, 0.8, 0.7])
    other = predictions(tmp_path, "o", ["a", "b", "b", "b"], [0.9, 0.9, 0.9, 0.9])
    assert [(row.id, row.wrong) for row in rows.hardest(winner, [winner, other], 3)] == [("test-2", 2), ("test-1", 2), ("test-3", 1)]
    assert [(row.id, row.confidence) for row in rows.confidently_wrong(winner, [winner], 9)] == [("test-2", 0.8), ("test-1", 0.6)]


def test_the_most_frequent_confusions_come_first():
    record = {"confusion": [[5, 1, 0], [3, 4, 3]]}
    expected = [("b", "a", 3, 0.3), ("b", None, 3, 0.3), ("a", "b", 1, pytest.approx(1 / 6))]
    assert rows.confusions(record, ["a", "b"], 9) == expected
