"""What `make record` keeps and `make results` writes: the files, not the numbers in them (test_tables.py)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_tables import reasoning_run, rl_run, run

from tasks import paths, results, stage


def test_tables_are_made_from_recorded_runs_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n")
    with pytest.raises(results.ResultsError, match="no recorded run; `make record` keeps the present one"):
        results.make()
    Path("results/runs").mkdir(parents=True)
    kept = [
        run("d", 7, naive_sft=[1, 0, 1] * 20, best_cell=[1, 1, 1] * 20, knn=[0, 0, 1] * 20),
        rl_run(7),
        reasoning_run(7, withheld=[1], written=[0]),
        run("d", 7, "mine", knn=[1, 1]),
    ]
    for made in kept:
        stage.write_json(made, Path(f"results/runs/{made['data_set']}-{made['study']}-7.json"))
    results.make()
    text = Path("README.md").read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "| [d](results/d.md) | – | – | 66.7 [" in text and "knn" not in text, "main arms only"
    assert re.search(r"^\| \[d\].* \| 1 \| \w+ \|$", text, flags=re.MULTILINE), "seeds and commit of each row"
    assert "in no table: results/runs/d-mine-7.json" in capsys.readouterr().out
    assert set(stage.read_json(Path("results/summary.json"))) == {"d", "eic", "emotion"}
    assert "## RL after the warm-up" in Path("results/eic.md").read_text() and "## Two-stage" in Path("results/emotion.md").read_text()
    assert "##" not in Path("results/d.md").read_text() and "| knn | 33.3 [" in Path("results/d.md").read_text()


def test_a_recorded_run_that_is_damaged_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("results/runs").mkdir(parents=True)
    Path("results/runs/d-rl-7.json").write_text("{")
    with pytest.raises(results.ResultsError, match=r"results/runs/d-rl-7\.json: not JSON: .*; record the run again"):
        results.make()


def dvc(*command: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *command], check=True)


def test_a_run_is_recorded_by_data_set_study_and_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["init", "-q"], ["-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "start"]):
        results._git(*command)
    Path("dvc.yaml").write_text("stages:\n  report:\n    cmd: echo {} > made\n    deps: [given]\n    outs: [made]\n")
    Path("given").write_text("1")
    dvc("init", "--no-scm", "-q")
    with pytest.raises(results.ResultsError, match="no records there; dvc repro makes them"):
        results.record()
    paths.RESULTS.mkdir(parents=True)
    stage.write_json({}, paths.RESULTS / "d.json")
    with pytest.raises(results.ResultsError, match="code differs from the commit"):
        results.record()
    for command in (["add", "dvc.yaml"], ["-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "-m", "stages"]):
        results._git(*command)
    with pytest.raises(results.ResultsError, match="other code or parameters than are here now; dvc repro first: report"):
        results.record()
    dvc("repro", "-q")
    for study in ("strategies", "reasoning"):
        made = run("d", 8, study, naive_sft=[1, 0], knn=[1, 1])
        del made["commit"]
        stage.write_json(made, paths.RESULTS / "d.json")
        results.record("naive_sft")
    files = sorted(Path("results/runs").iterdir())
    assert [file.name for file in files] == ["d-reasoning-8.json", "d-strategies-8.json"]
    assert list(stage.read_json(files[0])["arms"]) == ["naive_sft"] and stage.read_json(files[0])["commit"]
    with pytest.raises(results.ResultsError, match=r"arm 'best_cell' is not in .*; choices: naive_sft, knn"):
        results.record("best_cell")
    assert "in place of" not in capsys.readouterr().out
    results.record()
    assert f"d-reasoning-8.json, in place of the run of {stage.read_json(files[0])['commit']}" in capsys.readouterr().out
