"""New rows through a finished model as a Prefect flow: predictions, and how far the rows are from those that the model was chosen on.

    python -m flows.score                                   as `score` in params.yaml says
    python -m flows.score source=new.csv labels=0.3         other values for one run

Reads → a bundle, and score.source: a file, or a folder of csv, tsv, jsonl and parquet files.
Writes → what tasks/score.py writes into score.out, and the artifact `drift`.

A run ends Failed, with one sentence that says which measure is above which threshold, so that an automation can act on it; the predictions
are there all the same. Killed and started again it goes on where it was, as `gencls predict` does.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import server, workspace
from flows.child import end_with_parent
from flows.overrides import Settings, applied, changes, loaded, not_null
from gencls import params as params_module
from gencls.errors import InputError
from gencls.params import Params, ParamsError, Score
from gencls.sources.rows import typed
from tasks import paths

TEXTS = {key for key, info in Score.model_fields.items() if str in (info.annotation, *get_args(info.annotation))}
"""Keys of `score` that hold a text: model, source, out, text, delimiter, encoding."""


@flow(name="gencls-score", persist_result=False)
def score(settings: Settings = Settings()) -> State:  # noqa: B008  # Prefect's form shows the default
    """Predict new rows, and compare them with those that the model was chosen on.

    Args:
        settings: What is to differ from `score` in params.yaml.
    """
    root = Path.cwd()
    end_with_parent()
    try:
        params = read(root, changes(settings))
        with workspace.locked(root / workspace.SCORE_LOCK, get_run_logger().info):
            return _run(params)
    except InputError as error:
        return Failed(message=str(error))


def read(root: Path, changed: dict[str, Any]) -> Params:
    """params.yaml with these values under `score`.

    Raises:
        ParamsError: it is missing, or the result is not valid.
    """
    file = root / paths.PARAMS
    params_module.load(file)
    return params_module.parse(loaded(applied(file.read_text(encoding="utf-8"), {"score": changed}), str(file)))


def _run(params: Params) -> State:
    from tasks import score as scoring  # torch comes now: a server that only offers the flow needs none

    predict_file, finish = (task(work, cache_policy=NO_CACHE, persist_result=False) for work in (scoring.predict_file, scoring.finish))
    run = scoring.start(params)
    done = []
    for file in run.files:
        done.append(predict_file.with_options(task_run_name=f"predict {file.name}")(run, file))
        aside = f"; {done[-1].unreadable} could not be read" if done[-1].unreadable else ""
        get_run_logger().info(f"{done[-1].rows} rows of {file} → {run.target(file)}{aside}")
    drift = finish.with_options(task_run_name="drift")(run, done)
    create_markdown_artifact(_markdown(drift), key="drift", description=drift.verdict)
    if drift.exceeded:
        return Failed(name="Drifted", message=drift.verdict)  # an automation can tell it from a run that could not be made
    return Completed(message=f"{len(run.readings)} rows of {len(done)} files; {drift.verdict}")


def _markdown(drift: Any) -> str:
    """Of a `tasks.score.Drift`."""
    lines = [f"| {m.name} | {m.effect:.3f} | {m.limit:g} | {m.p:.2g} | {'above' if m.exceeded else ''} |" for m in drift.measures]
    table = "\n".join(["| measure | effect size | threshold | p | |", "|---|--:|--:|--:|---|", *lines])
    return f"{drift.verdict}\n\n{table}\n\nOpen in a browser:\n\n```\n{drift.page.resolve().as_uri()}\n```\n"


def said(words: Sequence[str]) -> dict[str, Any]:
    """Values of `key=value`.

    Raises:
        ParamsError: a word is none, or its value is null.
    """
    given: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise ParamsError(f"{word!r}: expected key=value with a key of `score`: {', '.join(Score.model_fields)}")
        given[key] = not_null(_value(key, value, word), word, key, f"score.{key}")
    return given


def _value(key: str, value: str, word: str) -> Any:
    """Texts stand as they are, for neither `{subject} {body}` nor `|` is YAML; all else is."""
    if key not in TEXTS or value in ("", "null"):
        return loaded(value, word)
    return typed(value) if key == "text" else value


def main() -> None:
    """Run the flow once, with or without a Prefect server."""
    try:
        given = said(sys.argv[1:])
        read(Path.cwd(), given)  # before a server is started, and in better words than the form's
        server.connect()
        state = score(Settings(**given), return_state=True)
    except InputError as error:
        sys.exit(f"score: {error}")
    except KeyboardInterrupt:
        sys.exit("score: interrupted; the same command goes on from there")
    print(f"score: {state.message}")
    sys.exit(not state.is_completed())


if __name__ == "__main__":
    main()
