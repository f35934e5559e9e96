"""The flow without Prefect: DVC's graph, one stage and its end by force. All on a toy project."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import toy_project
from prefect.states import Cancelled, Completed, Crashed
from toy_project import bring_up, dvc, left_in, nodes, running, wait_until

from flows import dag, schedule
from flows.artifacts import metric_rows
from flows.execute import Executor, Outcome, classify

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # dvc 3.67 reads pygtrie's old attribute


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_project.make(tmp_path_factory.mktemp("toy") / "slow", seconds=60)


@pytest.fixture
def slow(template: Path, tmp_path: Path) -> Iterator[Path]:
    """A project whose sft cells take a minute; nothing of it may live on."""
    root = shutil.copytree(template, tmp_path / "slow", symlinks=True)
    yield root
    assert left_in(root) == []


# The graph


def test_stages_come_after_what_they_depend_on(built: Path) -> None:
    read = nodes(built)
    assert set(read) == {"ingest@a", "ingest@b", "sft@a", "sft@b", "report"}
    assert read["sft@a"].upstream == ("ingest@a",)
    assert set(read["report"].upstream) == {"sft@a", "sft@b"}
    assert list(read).index("report") == 4


def test_only_what_changed_and_what_follows_may_run(project: Path) -> None:
    (project / "models/b").unlink()
    assert [name for name, node in nodes(project).items() if node.may_run] == ["sft@b", "report"]


def test_a_target_brings_what_it_needs_and_nothing_else(built: Path) -> None:
    assert set(nodes(built, "sft")) == {"ingest@a", "ingest@b", "sft@a", "sft@b"}
    assert set(nodes(built, "sft@b")) == {"ingest@b", "sft@b"}


def test_force_lets_everything_run(built: Path) -> None:
    assert all(node.may_run for node in nodes(built, force=True).values())


def test_an_unknown_target_is_answered_with_the_choices(built: Path) -> None:
    with pytest.raises(dag.DagError, match=r"'stf' not found.*choices: ingest, report, sft"):
        nodes(built, "stf")


def test_a_broken_dag_is_one_clear_error(project: Path) -> None:
    (project / "params.yaml").write_text("seed: 7\n")
    with pytest.raises(dag.DagError, match="datasets"):
        nodes(project)


def test_a_file_of_dvc_add_is_gone_through_only_where_it_changed(project: Path) -> None:
    (project / "rows.csv").write_text("old\n")
    dvc(project, "add", "rows.csv")
    toy_project.edit(project / "dvc.yaml", "    deps:\n", "    deps:\n      - rows.csv\n")
    assert {before for node in nodes(project).values() for before in node.upstream} <= set(nodes(project))
    assert "rows.csv.dvc" not in nodes(project)
    bring_up(project)
    (project / "rows.csv").write_text("new\n")
    assert set(nodes(project)["sft@a"].upstream) == {"rows.csv.dvc", "ingest@a"}
    assert bring_up(project)["sft@a"].did == "Completed"
    assert {outcome.did for outcome in bring_up(project).values()} == {"Cached"}


def test_meta_says_how_many_devices_a_stage_takes(project: Path) -> None:
    toy_project.edit(project / "dvc.yaml", "  report:\n", "  report:\n    meta: {gpu: 2}\n")
    assert {name: node.gpus for name, node in nodes(project).items() if node.gpus} == {"report": 2}


# One stage


def test_states_say_what_dvc_did(project: Path) -> None:
    assert {outcome.did for outcome in bring_up(project).values()} == {"Cached"}
    shutil.rmtree(project / "models")
    assert {name: outcome.did for name, outcome in bring_up(project).items() if outcome.did != "Cached"} == {
        "sft@a": "Restored",
        "sft@b": "Restored",
    }
    toy_project.edit(project / "params.yaml", "epochs: 2", "epochs: 3")
    done = bring_up(project, "sft@a")
    assert {name: outcome.did for name, outcome in done.items()} == {"ingest@a": "Cached", "sft@a": "Completed"}
    assert done["sft@a"].message.endswith(" s")


def test_a_failed_stage_tells_its_own_last_words(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_FAIL", "a")
    [node] = dag.read(project, ["ingest@a"], force=True)
    outcome = Executor(project, jobs=1, force=True).run(node, (), print)
    assert outcome == Outcome("Failed", "data/a: told to fail – python work.py 0 data/a, exited with 1")


def test_lines_arrive_as_they_are_written_and_cores_are_shared(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    lines: list[str] = []
    Executor(project, jobs=10_000, force=True).run(nodes(project, force=True)["sft@a"], ("3", "5"), lines.append)
    assert lines[0] == "Running stage 'sft@a':"
    assert "threads 1 devices 3,5" in lines
    assert not any("git add" in line or "dvc push" in line for line in lines)


def test_threads_that_the_user_set_are_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "17")
    lines: list[str] = []
    Executor(project, jobs=1, force=True).run(nodes(project, force=True)["sft@a"], (), lines.append)
    assert "threads 17 devices None" in lines


def test_the_first_thing_dvc_says_decides() -> None:
    lines = ["Running stage 'sft@a':", "the stage prints: didn't change, skipping"]
    assert classify(0, lines, 1.25) == Outcome("Completed", "1.2 s")
    assert classify(137, [], 1).message == "dvc left with 137"


def test_devices_are_those_that_are_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert schedule.visible_gpus() == ["2", "3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert schedule.visible_gpus() == []


def test_a_run_is_complete_only_if_all_its_stages_are() -> None:
    states = {"a": Completed(), "b": Crashed(message="killed"), "c": Cancelled(name="Skipped")}
    assert schedule.summary(states).is_failed() and "b: killed" in str(schedule.summary(states).message)
    assert schedule.summary({"a": Completed(), "d": Completed(name="Cached")}).is_completed()


def test_metrics_become_one_row_per_model() -> None:
    metrics = {"a": {"sft/zero": {"accuracy": 0.91239, "rows": 10}, "majority": {"accuracy": 0.5}}}
    assert metric_rows(metrics) == [
        {"data set": "a", "model": "sft/zero", "accuracy": 0.9124, "rows": 10},
        {"data set": "a", "model": "majority", "accuracy": 0.5},
    ]


# The end by force: whoever dies, nothing of a stage lives on, and no half output is left

CALLER = """\
import sys
from pathlib import Path
from flows import dag
from flows.execute import Executor
root = Path.cwd()
[ingest, sft] = dag.read(root, ["sft@a"])
executor = Executor(root, jobs=1)
executor.run(ingest, (), print)
print(executor.run(sft, (), print), flush=True)
"""


def start(root: Path) -> "subprocess.Popen[str]":
    """A process that brings up sft@a; returns when the stage itself runs."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    caller = subprocess.Popen([sys.executable, "-c", CALLER], cwd=root, env=environment, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: running(root) == 1)
    return caller


def kill(root: Path, *words: str, but: str = "nothing") -> None:
    for process in psutil.process_iter(["cmdline", "cwd"]):
        line = " ".join(process.info["cmdline"] or [])
        if process.info["cwd"] == str(root) and all(word in line for word in words) and but not in line:
            process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("but", ["guard.py", "nothing"], ids=["dvc alone", "dvc and its guard"])
def test_nothing_lives_on_when_a_link_between_is_killed(slow: Path, but: str) -> None:
    with start(slow) as caller:
        kill(slow, "dvc", "repro", but=but)
        out, _ = caller.communicate(timeout=60)
    assert "did='Failed'" in out
    assert left_in(slow) == []


def test_a_killed_stage_fails_and_the_next_run_goes_on(slow: Path) -> None:
    with start(slow) as caller:
        kill(slow, "python work.py 60", but="dvc")
        out, _ = caller.communicate(timeout=60)
    assert "exited with -9" in out
    assert nodes(slow, "sft@a")["ingest@a"].may_run is False
