"""Where a run works: copies of a checkout, one run at a time. On a toy project."""

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import toy_project
from toy_project import bring_up, dvc, nodes, run

from flows import overrides, workspace
from flows.child import CommandError

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # dvc 3.67 reads pygtrie's old attribute


def isolated(root: Path, name: str = "some-run") -> AbstractContextManager[Path]:
    text = overrides.applied((root / "params.yaml").read_text(), {"report": {"title": "other"}})
    return workspace.isolated(root, name, text, print)


def test_a_copy_has_the_users_changes_and_leaves_the_checkout_alone(project: Path) -> None:
    (project / "work.py").write_text(toy_project.WORK + "# edited\n")
    (project / "new.py").write_text("# not in git yet\n")
    before = run(project, "git", "status", "--short"), (project / "params.yaml").read_text()
    with isolated(project) as copy:
        assert (copy / "work.py").read_text().endswith("# edited\n")
        assert (copy / "new.py").exists()
        assert not (copy / "site").exists()
        assert (copy / "data/a").read_text() == (project / "data/a").read_text()
        assert "title: other            # a comment" in (copy / "params.yaml").read_text()
        assert nodes(project)["ingest@a"].may_run is False
    assert not (project / workspace.REPORTS).exists()  # the copy had a report from the start, but of another run
    assert (run(project, "git", "status", "--short"), (project / "params.yaml").read_text()) == before
    assert not copy.exists()


def test_a_copy_has_files_of_dvc_add_as_they_are_now(project: Path) -> None:
    (project / "rows.csv").write_text("old\n")
    (project / "texts").mkdir()
    (project / "texts/a").write_text("old\n")
    dvc(project, "add", "rows.csv", "texts")
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "rows")
    (project / "rows.csv").write_text("new\n")
    (project / "texts/b").write_text("new\n")
    before = run(project, "git", "status", "--short")
    with isolated(project) as copy:
        assert (copy / "rows.csv").read_text() == "new\n"
        assert sorted(path.name for path in (copy / "texts").iterdir()) == ["a", "b"]
        assert {name for name, outcome in bring_up(copy).items() if outcome.did == "Completed"} == {"report"}
        assert workspace.save(copy) == "some-run"
    assert run(project, "git", "status", "--short") == before


def test_a_copy_becomes_an_experiment_only_when_finished_and_its_report_stays(project: Path) -> None:
    with isolated(project) as copy:
        assert workspace.save(copy) is None
        assert {name for name, outcome in bring_up(copy).items() if outcome.did == "Completed"} == {"report"}
        assert workspace.save(copy) == "some-run"
        kept = workspace.keep_report(copy)
    assert "some-run" in dvc(project, "exp", "list")
    assert "title: other" in kept.read_text()
    assert "title: toy" in (project / "reports/report.html").read_text()
    dvc(project, "exp", "apply", "some-run")
    assert "title: other" in (project / "reports/report.html").read_text()


def test_a_copy_left_by_a_killed_run_goes_with_the_next(project: Path) -> None:
    for name in ("killed", "alive"):
        (project / f".prefect/runs/{name}").mkdir(parents=True)
        (project / f".prefect/runs/{name}.lock").touch()
    with workspace.locked(project / ".prefect/runs/alive.lock", print), isolated(project):
        assert sorted(path.name for path in (project / ".prefect/runs").iterdir()) == ["alive", "alive.lock", "some-run", "some-run.lock"]


def test_a_copy_leaves_other_worktrees_and_an_experiment_of_the_user_alone(project: Path, tmp_path: Path) -> None:
    run(project, "git", "worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
    (tmp_path / "other").rename(tmp_path / "away")  # a disk that is not mounted for a while
    run(project, "git", "update-ref", "refs/exps/exec/EXEC_BASELINE", "HEAD")  # as while `dvc exp run` goes on in the checkout
    (project / "secret.csv").write_text("text,label\n")
    with isolated(project) as copy:
        bring_up(copy)
        assert workspace.save(copy) == "some-run"
    assert "refs/exps/exec/EXEC_BASELINE" in run(project, "git", "for-each-ref", "refs/exps")
    assert "secret.csv" not in run(project, "git", "log", "--all", "--name-only")
    (tmp_path / "away").rename(tmp_path / "other")
    run(tmp_path / "other", "git", "status")


def test_an_experiment_needs_a_name_to_commit_under(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.delenv("GIT_COMMITTER_EMAIL", raising=False)
    run(project, "git", "config", "--unset", "user.email")
    with pytest.raises(CommandError, match=r"set user.name and user.email"), isolated(project):
        pass


def test_a_checkout_without_git_cannot_be_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "t@example.com")
    (tmp_path / "params.yaml").write_text(toy_project.PARAMS)
    with pytest.raises(CommandError, match="not a git repository"), isolated(tmp_path):
        pass


def test_one_run_at_a_time_in_a_checkout(tmp_path: Path) -> None:
    said: list[str] = []
    code = "from pathlib import Path; from flows import workspace\nwith workspace.checkout(Path('.'), print): print('in')"
    with workspace.checkout(tmp_path, said.append):
        assert not workspace.idle(tmp_path)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        second = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        assert second.stdout
        assert "waiting for its end" in second.stdout.readline()
    out, _ = second.communicate(timeout=60)
    assert out == "in\n"
    assert said == []
    assert workspace.idle(tmp_path)
