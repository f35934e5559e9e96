"""The report: the right arm is chosen, the sentences say what was found, and the page is one safe, complete file."""

import json
import os
from html.parser import HTMLParser
from pathlib import Path

import artifacts
import pytest

from gencls import params
from gencls.report import grid, rows, words
from gencls.report.results import Arm, compare
from tasks import paths, report, stage

LABELS = ["card arrival", "cancel order", "</style><script>alert(1)</script>", "change address", "missing item", 'say "no" & go']
TEXT = "<img src=x onerror=alert(2)> {label}, order {i}"
CHINESE = [f"{first}{second}" for first in "财体教游音视社医旅购金" for second in "经育学乐频交疗行物融闻"][:119]


def settings(*data_sets: str, **changes) -> params.Params:
    strategies = {"zero_shot": {}, "similar_3": {"shots": 3}, "uncertain": {"uncertain": True}, "definitions": {"definitions": True}}
    names = ["zero_shot", "similar_3", "uncertain"]
    cells = {"train": names, "infer": names, "decoding": ["trie", "perplexity", "generate"]}
    content = {"datasets": {ds: {"source": "builtin"} for ds in data_sets}, "strategies": strategies, "grid": cells}
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
    leftover = paths.evaluation("intents", "sft", "gone") / "metrics.json"
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
    pages = {f"{stage}/{ds}.html" for stage in ("validate", "mine") for ds in ("intents", "apps")}
    assert links == {"#intents", "#apps", "#run", "#reading"} | pages
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


def test_the_metrics_file_has_an_entry_per_baseline_and_role(workspace: Path):
    scores = json.loads((workspace / paths.METRICS).read_text())
    roles = ["naive_sft", "best_train", "best_cell", "warm_up", "rl_reinforce_pp", "best"]
    assert list(scores) == ["intents", "apps"]
    assert all(list(entry) == [*artifacts.BASELINES, "sequence_head", *roles] for entry in scores.values())
    final = json.loads((paths.final("intents") / "metrics.json").read_text())
    record = final["arms"][final["roles"]["naive_sft"]]["test"]
    names = ("accuracy", "macro_f1", "log_loss", "ece", "invalid_share")
    assert scores["intents"]["naive_sft"] == {name: record[name] for name in names}


def test_the_record_says_which_rows_each_arm_got_right(workspace: Path):
    record = json.loads((workspace / paths.RESULTS / "apps.json").read_text(encoding="utf-8"))
    results = report._results(settings("apps"), "apps")
    assert (record["data_set"], record["seed"], record["rows"]) == ("apps", 7, {"train": 3000, "validation": 500, "test": 1000})
    assert record["trained"] == settings("apps").grid.train
    assert record["arms"]["majority"]["cell"] is None
    assert record["arms"]["best"]["cell"] == results.winner.title
    for name, arm in record["arms"].items():
        bits = "".join(f"{byte:08b}" for byte in bytes.fromhex(arm["correct"]))[: arm["rows"]]
        assert [bit == "1" for bit in bits] == results.named[name].right
        assert bits.count("1") / arm["rows"] == pytest.approx(arm["accuracy"], abs=1e-6)
    found = compare(*results.pairs["best_cell_vs_naive"], bootstrap=10, seed=7)
    naive, best = (record["arms"][name]["accuracy"] for name in ("naive_sft", "best_cell"))
    assert found["accuracy"]["difference"] == pytest.approx(best - naive, abs=1e-5)
    assert found["relative"]["difference"] == pytest.approx(best / naive - 1, abs=1e-5)


def test_the_confusion_for_dvc_is_that_of_the_best_arm(workspace: Path):
    lines = (paths.CONFUSION / "apps.csv").read_text(encoding="utf-8").splitlines()
    winner = report._results(settings("apps"), "apps").winner
    right = sum(gold == predicted for gold, predicted in (line.split(",") for line in lines[1:]))
    assert (lines[0], len(lines)) == ("label,predicted", 301)
    assert right / 300 == pytest.approx(winner.test["accuracy"], abs=1e-6)


def test_the_mean_gain_is_over_the_data_sets_of_the_page(workspace: Path, page: str):
    pairs = [report._results(settings(ds), ds).pairs["best_vs_naive"] for ds in ("intents", "apps")]
    mean = sum(compare(*pair, bootstrap=10, seed=7)["relative"]["difference"] for pair in pairs) / 2
    assert f"over naive SFT, 2 data sets: {words.relative(mean)}. For context" in Tags(page).text


def test_only_cells_with_a_role_are_in_the_table_of_test_results(page: str):
    table = page.split("Results on test")[1].split("</table>")[0]
    found = report._results(settings("intents"), "intents")
    assert table.count("<tr") == 1 + len(found.baselines) + len(found.cells)
    assert all(f">{role}</span>" in table for role in ("naive SFT", "best", "RL starts here"))


def test_times_that_are_not_known_are_not_invented(page: str):
    text = Tags(page).text
    assert "12 min 34 s1 of 3 cells" in text
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


def test_who_wrote_the_definitions_is_said_where_prompts_show_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str):
    assert "definitions of" not in page
    monkeypatch.chdir(tmp_path)
    cells = {"train": ["zero_shot"], "infer": ["zero_shot", "definitions"], "decoding": ["trie"]}
    content = settings("intents", grid=cells, rl={"algorithms": []})
    artifacts.write(content, "intents", ["a", "b"])
    report.main(content)
    text = Tags(paths.REPORT.read_text(encoding="utf-8")).text
    assert "The prompts' definitions of 2 of the 2 classes are telling words of its training rows." in text


def test_how_many_recorded_wrong_labels_mining_found_is_said(page: str):
    text = Tags(page).text
    assert "The generator recorded 120 wrong training labels: 111 of them are among the marked rows" in text
    assert "(recall 92.5\u00a0%, precision 37.0\u00a0%)" in text


def test_the_share_answered_uncertain_is_shown_where_it_is_offered(page: str):
    text = Tags(page).text
    assert text.count("Where the label Uncertain is offered, between") == 2
    cell = json.loads((paths.evaluation("intents", "sft", "similar_3") / "metrics.json").read_text())["cells"]["uncertain"]
    assert words.percent(cell["uncertain"]["trie"]) in page.split("Answered Uncertain")[1].split("</table>")[0]


def test_calibration_and_the_threshold_are_reported_on_test(page: str):
    text = Tags(page).text
    assert text.count("The temperature fitted on validation is 1.25: the model is too sure of itself.") == 2
    assert "confidence of at least 70.0\u00a0% reached the precision of 95.0\u00a0%" in text
    assert "No threshold to abstain below" in text
    assert page.count("accuracy against confidence, at temperature 1.25") == 2


def test_the_length_bias_is_shown_only_where_labels_differ_in_length(workspace: Path, page: str):
    assert page.count("Do long labels win?") == 2
    row = report._results(settings("intents"), "intents").grid[0]
    shown = grid.lengths(row, "zero_shot")
    assert [part["tokens"] for part in shown.table] == [2, 3, 4]
    assert sum(part["gold"] for part in shown.table) == pytest.approx(1)
    outside = (row.answers("zero_shot")["generate"] == "").sum()
    assert (shown.rows, shown.left_out) == (300 - outside, outside)
    answers = row.folder / "zero_shot.csv"
    answers.write_text(answers.read_text().replace("\n", ",why\n").replace("why", "reasoning", 1))
    assert grid.lengths(row, "zero_shot") == shown, "a reasoning is no answer"
    same = dict.fromkeys(row.asked["zero_shot"]["label_tokens"], 2)
    row.asked["zero_shot"]["label_tokens"] = same
    assert grid.lengths(row, "zero_shot") is None


def test_without_naive_sft_the_gain_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    cells = {"train": ["similar_3"], "infer": ["similar_3"], "decoding": ["perplexity"]}
    content = settings("intents", grid=cells, rl={"algorithms": [], "warmups": ["similar_3"]})
    artifacts.write(content, "intents", ["a", "b"])
    report.main(content)
    text = Tags(paths.REPORT.read_text(encoding="utf-8")).text
    assert "so the gain over it is not known" in text
    assert "Other prompts at inference than in training?" not in text
    pairs = report._results(content, "intents").pairs
    assert list(pairs) == ["best_cell_vs_best_train", "best_vs_best_baseline"]
    itself = compare(*pairs["best_cell_vs_best_train"], bootstrap=10, seed=7)
    assert itself["accuracy"] == {"difference": 0, "ci": [0, 0], "p": 1}


def test_numbers_are_written_for_people():
    assert (words.percent(0.9086), words.percent(None)) == ("90.9\u00a0%", "–")
    assert (words.points(0.008), words.points(-0.0123), words.points(-0.0001)) == ("+0.8", "\N{MINUS SIGN}1.2", "0.0")
    assert [words.duration(x) for x in (0.2, 42.4, 725, 7380)] == ["< 1 s", "42 s", "12 min 5 s", "2 h 3 min"]
    assert [words.p_value(x) for x in (0.0001, 0.0123, 0.4, 1.0)] == ["< 0.001", "0.012", "0.40", "1.00"]


def test_a_relative_gain_has_two_digits_and_its_interval():
    assert words.relative(0.03456, [-0.01, 0.0]) == "+3.46\u00a0% [\N{MINUS SIGN}1.00,\u00a00.00]"


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
