"""The pipeline as a Prefect flow: the stages of dvc.yaml, nothing else.

    python -m flows.pipeline                             everything that is out of date, as `dvc repro`
    python -m flows.pipeline sft force=true jobs=1       one stage and what it needs; the flow's own parameters
    python -m flows.pipeline sft.lr=1e-5 seed=8          other values than in params.yaml: works in a copy, ends as a DVC experiment

Reads → dvc.yaml, params.yaml and what DVC says about them.
Writes → what the stages write, and the artifacts `metrics` and `report`; with overrides nothing of this checkout but .prefect/.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, get_run_logger, runtime
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows import artifacts, dag, server, workspace
from flows.child import end_with_parent
from flows.execute import Executor
from flows.overrides import Overrides, applied, changes, loaded, not_null
from flows.schedule import Schedule
from gencls.errors import InputError
from gencls.params import ParamsError
from tasks import paths


@flow(name="gencls", persist_result=False)
def pipeline(
    stages: list[str] = [],  # noqa: B006  # Prefect's form shows the default
    force: bool = False,
    jobs: Annotated[int, Field(gt=0)] = 2,
    overrides: Overrides = Overrides(),  # noqa: B008
) -> State:
    """Bring the pipeline up to date. DVC decides what runs.

    Args:
        stages: Stages or cells to bring up to date, with what they need; none means all.
        force: Run stages even if nothing they depend on has changed.
        jobs: Stages side by side. They share the cores.
        overrides: What is to differ from params.yaml. The run then works in a copy of the checkout and ends as a DVC experiment.
    """
    root, say = Path.cwd(), get_run_logger().info
    end_with_parent()
    changed = changes(overrides)
    try:
        params = applied(_read(root / paths.PARAMS), changed)  # checked as a whole before anything runs
        if not changed:
            with workspace.checkout(root, say):
                return _run(root, lambda: root / paths.REPORT, stages, force, jobs)
        with workspace.isolated(root, _name(), params, say) as copy:
            state = _run(copy, lambda: workspace.keep_report(copy), stages, force, jobs)
            return _saved(copy, state) if state.is_completed() else state
    except InputError as error:
        return Failed(message=str(error))


def _run(root: Path, report: Callable[[], Path], stages: list[str], force: bool, jobs: int) -> State:
    nodes = dag.read(root, stages, force=force)
    schedule = Schedule(nodes, Executor(root, jobs, force=force), jobs)
    state = schedule.run()
    if state.is_completed() and "report" in schedule.states:  # else what lies there is of another run
        artifacts.publish(root, report())
    return state


def _name() -> str:
    """Of the copy and its experiment: the run's in letters that DVC takes, and the beginning of its id, for a name may be given twice."""
    said = re.sub(r"[^A-Za-z0-9_]+", "-", runtime.flow_run.name).strip("-")
    return "-".join(filter(None, (said, runtime.flow_run.id[:8])))


def _saved(copy: Path, state: State) -> State:
    name = workspace.save(copy)
    if name is None:
        return Completed(message=f"{state.message}. Not saved as an experiment: `dvc status` is not clean, for some stages were left out")
    return Completed(message=f"{state.message}. Saved as experiment {name}: `dvc exp apply {name}` brings it here")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ParamsError(f"{file}: no such file; copy one of presets/*.yaml there") from None


def parameters(arguments: list[str]) -> dict[str, Any]:
    """The flow's parameters from words of the command line: `stage`, `jobs=1`, `section.key=value` (values are YAML).

    Raises:
        ParamsError: a value is null, or has keys below it.
    """
    given: dict[str, Any] = {"stages": [word for word in arguments if "=" not in word]}
    overrides: dict[str, Any] = {}
    for word in arguments:
        key, equals, value = word.partition("=")
        if not equals:
            continue
        *sections, last = key.split(".")
        target = given if key in ("force", "jobs") else overrides
        for depth, section in enumerate(sections, start=1):
            target = target.setdefault(section, {})
            if not isinstance(target, dict):
                raise ParamsError(f"{word!r}: another word says {'.'.join(sections[:depth])}={target}, which has no keys; leave one out")
        target[last] = not_null(loaded(value, word), word, key, "it")
    return given | ({"overrides": overrides} if overrides else {})


def main() -> None:
    """Run the flow once, with or without a Prefect server."""
    try:
        given = parameters(sys.argv[1:])
        applied(_read(paths.PARAMS), given.get("overrides", {}))  # before a server is started, and in better words than the form's
        server.connect()
        state = pipeline(**given, return_state=True)
    except InputError as error:
        sys.exit(f"pipeline: {error}")
    except KeyboardInterrupt:
        sys.exit("pipeline: interrupted; the next run goes on from what is complete")
    if not state.is_completed():
        sys.exit(f"pipeline: {state.message}")


if __name__ == "__main__":
    main()
