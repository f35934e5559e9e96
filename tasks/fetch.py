"""Rows of sources that lie elsewhere: git repositories, the hub, or copies on this machine that stand in for them.

A file of a git repository comes through DVC: any repository will do, and a file that DVC tracks there comes from its remote.
"""

import os
import tempfile
from pathlib import Path

import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo.open_repo import clean_repos

from gencls.params import FilesDataSet, GitDataSet, HubDataSet, Split, SplitFiles
from gencls.sources import Unreachable, files, read
from tasks.paths import COPIES

COPY = SplitFiles(train="train.jsonl", validation="validation.jsonl", test="test.jsonl")
"""Under `COPIES`: <data set>/<split>.jsonl (text, label), read in place of git and hub."""


def rows(spec: GitDataSet | HubDataSet, ds: str, *, seed: int) -> dict[Split, pd.DataFrame]:
    """Every split of a data set, from its copies if there are any, else from its source.

    Raises:
        SourceError: the rows cannot be read or are not those that `spec.sha256` names; `Unreachable` names both ways to them.
    """
    root = os.environ.get(COPIES)
    if root and (Path(root) / ds).is_dir():
        print(f"ingest: {COPIES} is set: the rows of {ds} come from {Path(root) / ds}, not from source {spec.source}", flush=True)
        return read(FilesDataSet(source="files", files=COPY, sha256=spec.sha256), Path(root) / ds, seed=seed)
    try:
        with tempfile.TemporaryDirectory() as folder:
            if isinstance(spec, GitDataSet):
                from_git(spec, Path(folder))
            return read(spec, Path(folder), seed=seed)
    except Unreachable as error:
        now = f" (now {root}, which has no folder {ds})" if root else ""
        raise Unreachable(
            f"{error}\nThere are two ways to these rows:\n"
            f"  1. source {spec.source} as above, which needs a network;\n"
            f"  2. copies: set {COPIES}{now} to a folder that holds {', '.join(f'{ds}/{name}' for name in COPY.model_dump().values())}, "
            "one JSON object with text and label a line."
        ) from error


def from_git(spec: GitDataSet, folder: Path) -> None:
    """Put the files of `spec` under `folder`, at the paths that they have in the repository.

    Raises:
        Unreachable: no such repository, commit or file, or no network.
    """
    try:
        repository = DVCFileSystem(url=spec.repo, rev=spec.rev)
        for name in files.names(spec):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            repository.get_file(name, str(target))
        repository.close()
    except OSError as error:
        raise Unreachable(f"{spec.repo} at {spec.rev}: {error}") from error
    except DvcException as error:
        raise Unreachable(f"{spec.repo} at {spec.rev}: {_root_cause(error)}") from error
    finally:
        clean_repos()  # the clone lies in a temporary folder that only DVC's own command line removes


def _root_cause(error: BaseException) -> BaseException:
    """DVC says only `SCM error`; why a repository cannot be cloned stands further down."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
