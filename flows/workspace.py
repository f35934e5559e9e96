"""Where a run works: the user's checkout, one run at a time, or for a run with overrides a copy that leaves the checkout alone.

    .prefect/runs/<run>        git repository that shares the objects: HEAD + the user's uncommitted changes + untracked files that git
                               does not ignore, files of `dvc add` as they are now
    .prefect/runs/<run>.lock   held while the run lives; a copy whose lock is free was left by kill -9 and goes with the next run
    .prefect/reports/<run>     its report, which stays

A repository and no worktree of git's: worktrees share the refs under which DVC makes an experiment, and a `dvc exp run` of the user in the
checkout would lose its own. The copy shares the DVC cache, so what has run before is restored there too. Its result becomes an experiment
(`dvc exp list`) only if `dvc status` is clean: saved otherwise, DVC would record old outputs under the new parameters and restore those
from then on. As in `dvc exp run`, files that git does not know take part and are not saved, for they may be data.
Relative paths in params.yaml to what neither git nor DVC knows are not found from the copy; absolute ones are.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dvc.config import Config
from dvc.repo import Repo

from flows.child import DVC, CommandError, call
from tasks import paths

RUNS = Path(".prefect/runs")
CHECKOUT_LOCK = paths.SCRATCH / "run.lock"
SCORE_LOCK = paths.SCRATCH / "score.lock"
REPORTS = Path(".prefect/reports")
LINKED = (paths.mining_page("any").parent, paths.validation_page("any").parent)
"""Folders with the pages that the report links to."""

DIFF = ("git", "diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/")


@contextmanager
def locked(file: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock; wait for the process that has it. The kernel frees it when its holder dies, however it dies."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run is going on in this checkout ({file} is held); waiting for its end")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def idle(root: Path) -> bool:
    """Whether no run is going on in this checkout or in a copy of it."""
    return all(_free(file) for file in (root / CHECKOUT_LOCK, root / SCORE_LOCK, *(root / RUNS).glob("*.lock")))


def _free(file: Path) -> bool:
    """Whether nobody holds the lock at this moment."""
    if not file.exists():
        return True
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@contextmanager
def checkout(root: Path, say: Callable[[str], None]) -> Iterator[Path]:
    """The user's own checkout."""
    with locked(root / CHECKOUT_LOCK, say):
        yield root


@contextmanager
def isolated(root: Path, name: str, params: str, say: Callable[[str], None]) -> Iterator[Path]:
    """A copy of the checkout with this params.yaml; it goes when the block ends.

    Raises:
        CommandError: the folder is not a git repository with a commit, or git or DVC cannot make the copy.
    """
    _require_identity(root)
    _remove_left_behind(root)
    copy = root / RUNS / name
    with locked(copy.with_suffix(".lock"), say):
        try:
            _make(root, copy)
            (copy / paths.PARAMS).write_text(params, encoding="utf-8")
            yield copy
        finally:
            _remove(copy)


def save(copy: Path) -> str | None:
    """Record the copy as an experiment of its own name; None where DVC does not find everything up to date."""
    root = _root(copy)
    try:
        call((*DVC, "status", "--quiet"), copy)  # 0 only when `dvc status --json` is {}
    except CommandError:
        return None
    call((*DVC, "exp", "save", "--force", "--name", copy.name), copy)  # forced: a run that is retried keeps its name
    for ref in call(("git", "for-each-ref", "--format=%(refname)", "refs/exps/"), copy).splitlines():
        if ref.endswith(f"/{copy.name}"):
            call(("git", "fetch", "--quiet", "--no-write-fetch-head", "--no-auto-maintenance", str(copy), f"+{ref}:{ref}"), root)
    return copy.name


def _root(copy: Path) -> Path:
    return copy.parents[len(RUNS.parts)]


def _require_identity(root: Path) -> None:
    """Before hours of work, not after."""
    if "GIT_COMMITTER_EMAIL" not in os.environ:
        try:
            call(("git", "config", "user.email"), root)
        except CommandError:
            raise CommandError("an experiment is a git commit: set user.name and user.email with `git config`") from None


def _make(root: Path, copy: Path) -> None:
    head = call(("git", "rev-parse", "HEAD"), root)
    _share_objects(root, copy)
    call(("git", "checkout", "--quiet", "--detach", head), copy)
    patch = copy.with_suffix(".patch")
    call((*DIFF, f"--output={patch}"), root)
    if patch.stat().st_size:
        call(("git", "apply", "--index", "--whitespace=nowarn", str(patch)), copy)
    patch.unlink()
    for name in call(("git", "ls-files", "--others", "--exclude-standard", "-z"), root).split("\0"):
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
    with Repo(str(root)) as repo:
        _share_cache(repo, root, copy)
        _take_edited(repo, root, copy)


def _share_objects(root: Path, copy: Path) -> None:
    """By hand: `git clone` asks who owns the repository, and knows neither a worktree of a bare one nor a submodule."""
    theirs = Path(call(("git", "rev-parse", "--path-format=absolute", "--git-common-dir"), root))
    call(("git", "init", "--quiet", str(copy)), root)
    own = copy / ".git"
    (own / "objects/info/alternates").write_text(f"{theirs / 'objects'}\n")
    for name in ("config", "info/exclude", "shallow"):  # the user's name, line endings, filters
        if (theirs / name).exists():
            (own / name).parent.mkdir(exist_ok=True)
            shutil.copy2(theirs / name, own / name)
    call(("git", "config", "--file", str(own / "config"), "core.bare", "false"), root)
    call(("git", "config", "--file", str(own / "config"), "core.worktree", str(copy)), root)


def _share_cache(repo: Repo, root: Path, copy: Path) -> None:
    local = Path(".dvc/config.local")
    if (root / local).exists():
        shutil.copy2(root / local, copy / local)
    with Config(str(copy / ".dvc")).edit("local") as config:
        config["cache"]["dir"] = repo.cache.local_cache_dir
    call((*DVC, "checkout", "--quiet", "--force", "--allow-missing"), copy)


def _take_edited(repo: Repo, root: Path, copy: Path) -> None:
    """Files of `dvc add` that were edited since: `dvc repro` in the checkout takes them as they are, so the copy does too."""
    added = [stage for stage in repo.index.stages if stage.is_data_source and not stage.is_import]
    edited = [stage for stage in added if any("modified" in out.status().values() for out in stage.outs)]
    for file in [Path(out.fs_path).relative_to(root) for stage in edited for out in stage.outs]:
        if (copy / file).is_dir():
            shutil.rmtree(copy / file)
        (copy / file).unlink(missing_ok=True)  # it may be a link into the cache
        (shutil.copytree if (root / file).is_dir() else shutil.copy2)(root / file, copy / file)
    if edited:
        call((*DVC, "commit", "--quiet", "--force", *(stage.path_in_repo for stage in edited)), copy)


def keep_report(copy: Path) -> Path:
    """Where the copy's report stays, with the pages that it links to. A run must have made it: what a copy starts with is an old one."""
    made, kept = copy / paths.REPORT, _root(copy) / REPORTS / copy.name
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copy2(made, kept)
    for pages in LINKED:
        if (copy / pages).exists():
            shutil.copytree(copy / pages, kept / pages.name, dirs_exist_ok=True)
    return kept / paths.REPORT.name


def _remove(copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    copy.with_suffix(".patch").unlink(missing_ok=True)
    copy.with_suffix(".lock").unlink(missing_ok=True)


def _remove_left_behind(root: Path) -> None:
    for file in (root / RUNS).glob("*.lock"):
        if _free(file):
            _remove(file.with_suffix(""))
