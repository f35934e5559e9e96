"""What every stage does around its work, on tmp_path."""

from pathlib import Path

import pytest

from gencls import params
from tasks import paths, stage

MINIMAL = "datasets:\n  a:\n    source: builtin\nstrategies:\n  zero_shot: {}\n  similar_3:\n    shots: 3\n"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(MINIMAL)


def call(monkeypatch: pytest.MonkeyPatch, main, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["/somewhere/tasks/render.py", *arguments])
    stage.run(main)


def test_an_output_appears_only_when_it_is_complete() -> None:
    target = Path("models/x")
    with stage.writing(target) as folder:
        folder.mkdir()
        (folder / "weights").write_text("new")
        assert not target.exists()
    assert (target / "weights").read_text() == "new"


def test_a_failure_leaves_the_old_output_as_it_was() -> None:
    target = Path("reports/page.html")
    target.parent.mkdir()
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), stage.writing(target) as file:
        file.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    with stage.writing(target) as file:
        assert not file.exists(), "what was left over is gone"
        file.write_text("new")
    assert target.read_text() == "new"


def test_a_stage_gets_the_names_of_its_cell_and_records_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []

    def main(params: params.Params, ds: str, strategy: str) -> None:
        seen.append((ds, strategy))

    call(monkeypatch, main, "a", "similar_3")
    assert seen == [("a", "similar_3")]
    assert paths.timing("render", "a", "similar_3").exists()


def test_the_time_of_a_run_that_went_on_from_a_killed_one_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in").mkdir()

    def main(params: params.Params, ds: str) -> None:
        with stage.checkpoints({}, Path("in")) as folder:
            if not folder.exists():
                folder.mkdir(parents=True)
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(monkeypatch, main, "a")
    call(monkeypatch, main, "a")
    assert stage.read_json(paths.timing("render", "a"))["seconds"] is None, "the rest of the time was the killed one's"


def test_a_stage_that_ends_beside_it_does_not_hide_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in").mkdir()
    other = paths.SCRATCH / "checkpoints/other"
    other.mkdir(parents=True)

    def main(params: params.Params, ds: str) -> None:
        with stage.checkpoints({}, Path("in")):
            other.rmdir()

    call(monkeypatch, main, "a")
    assert stage.read_json(paths.timing("render", "a"))["seconds"] is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["b", "zero_shot"], "render: ds 'b' is not defined in params.yaml; choices: a"),
        (["a", "few_shot"], "render: strategy 'few_shot' is not defined in params.yaml; choices: zero_shot, similar_3"),
        (["a"], r"render: expected 2 names \(ds, strategy\), got 1: a"),
    ],
)
def test_a_name_that_is_not_defined_is_an_error_with_the_choices(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    def main(params: params.Params, ds: str, strategy: str) -> None:
        raise AssertionError("must not run")

    with pytest.raises(SystemExit, match=message):
        call(monkeypatch, main, *arguments)


def test_an_error_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def main(params: params.Params, ds: str) -> None:
        raise ValueError("a bug, not an input")

    with pytest.raises(ValueError, match="a bug"):
        call(monkeypatch, main, "a")


def folder_for(**key: object) -> Path:
    with stage.checkpoints(key, Path("in")) as folder:
        return folder


def test_checkpoints_are_keyed_by_parameters_and_inputs() -> None:
    Path("in").mkdir()
    Path("in/x").write_text("1")
    first = folder_for(lr=1)
    assert folder_for(lr=1) == first
    assert folder_for(lr=2) != first
    Path("in/x").write_text("2")
    assert folder_for(lr=1) != first


def test_checkpoints_outlive_a_failure_and_nothing_else() -> None:
    Path("in").mkdir()
    with pytest.raises(KeyboardInterrupt), stage.checkpoints({}, Path("in")) as folder:
        folder.mkdir(parents=True)
        raise KeyboardInterrupt
    assert folder.exists()
    with stage.checkpoints({}, Path("in")) as again:
        assert again == folder
    assert not folder.exists(), "a run that ended well is done from the start when it is done again"
