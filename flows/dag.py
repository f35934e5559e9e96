"""DVC's stage graph, as the flow needs it: what depends on what, and what may have to run.

`dvc.yaml` is the only DAG; nothing here adds an edge. A stage `may_run` when DVC finds it changed or when a stage before it may run: DVC
compares the files that are there now, so what follows a changed stage is decided only after that one ran.
"""

from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.stage import PipelineStage, Stage

from gencls.errors import InputError


class DagError(InputError):
    """The graph cannot be read, or a stage that was asked for is not in it."""


@dataclass(frozen=True)
class Node:
    """One stage (of a matrix: one cell)."""

    name: str
    """What `dvc repro -s` takes."""
    upstream: tuple[str, ...]
    may_run: bool
    gpus: int
    """`meta: {gpu: n}` in dvc.yaml: devices that the stage has to itself."""


def read(root: Path, targets: list[str], *, force: bool = False) -> list[Node]:
    """Stages to go through, each after those it depends on; `targets` as for `dvc repro`, none means all.

    Raises:
        DagError: dvc.yaml is unusable or a target is unknown.
    """
    try:
        with chdir(root), Repo(_wait_for_lock=True) as repo, repo.lock:  # DVC resolves targets against the working directory
            return _nodes(repo, targets, force)
    except DvcException as error:
        raise DagError(str(error)) from None


def _nodes(repo: Repo, targets: list[str], force: bool) -> list[Node]:
    graph = get_active_graph(repo.index.graph)
    plan = plan_repro(graph, _collect(repo, targets))
    nodes: dict[Stage, Node] = {}
    for stage in plan:
        upstream = [nodes[before] for before in graph.successors(stage) if before in nodes]
        may_run = force or any(node.may_run for node in upstream) or stage.changed()
        if may_run or isinstance(stage, PipelineStage):  # a file of `dvc add` that is as it was has nothing to do, nor to be waited for
            gpus = int((stage.meta or {}).get("gpu", 0))
            nodes[stage] = Node(_name(stage), tuple(node.name for node in upstream), may_run, gpus)
    return list(nodes.values())


def _collect(repo: Repo, targets: list[str]) -> list[Stage]:
    try:
        return collect_stages(repo, targets or ["dvc.yaml"])
    except DvcException as error:
        names = sorted({_name(stage).split("@")[0] for stage in repo.index.stages if isinstance(stage, PipelineStage)})
        raise DagError(f"stages: {error}; choices: {', '.join(names)}, or a single cell such as sft@intents-zero_shot") from None


def _name(stage: Stage) -> str:
    """Not `stage.addressing`, which is relative to the working directory of this process."""
    if not isinstance(stage, PipelineStage):
        return stage.path_in_repo
    return stage.name if stage.path_in_repo == "dvc.yaml" else f"{stage.path_in_repo}:{stage.name}"
