"""Result tables from recorded runs; not a stage.

`python -m tasks.results record [arm …]` keeps what the report of the present run measured as results/runs/<ds>-<study>-<seed>.json, with
the commit; with names only these arms, for a run that repeats some arms under another seed.
`python -m tasks.results tables` makes results/summary.json, results/<ds>.md and the summary in the README from all that is kept there.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from gencls.errors import InputError
from gencls.report.paper import GAIN
from gencls.tables import rl, runs, summary, two_stage
from gencls.tables.words import markdown
from tasks import paths, stage

FOLDER = Path("results")
README = Path("README.md")
MARKS = ("<!-- results -->\n", "<!-- end of results -->\n")
INTRODUCTION = (
    "Made by `make results` from results/runs/, percent on the test split. In brackets 95 % intervals over test rows, ± the half-width of "
    "the 95 % t interval over seeds. Differences are in points, paired by row over all seeds, with an exact two-sided sign-flip test "
    "(McNemar's with one seed) and Holm's correction within a column."
)


class ResultsError(InputError):
    """There is nothing to record, or it cannot be told which code it came from."""


def record(*arms: str) -> None:
    """Keep the records of the present run.

    Raises:
        ResultsError: no report was made, gencls, tasks or dvc.yaml differ from the commit, the report was made of something else than is
            here now, or an arm was not measured.
    """
    files = sorted(paths.RESULTS.glob("*.json"))
    if not files:
        raise ResultsError(f"{paths.RESULTS}: no records there; dvc repro makes them")
    changed = _git("status", "--porcelain", "--", "gencls", "tasks", "dvc.yaml")
    if changed:
        raise ResultsError(f"the code differs from the commit, so nobody could measure this again; commit first:\n{changed}")
    stale = json.loads(_output(sys.executable, "-m", "dvc", "status", "--json"))
    if stale:
        raise ResultsError(f"the report is of other code or parameters than are here now; dvc repro first: {', '.join(stale)}")
    for file in files:
        content = stage.read_json(file)
        target = FOLDER / "runs" / f"{content['data_set']}-{content['study']}-{content['seed']}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        before = f", in place of the run of {stage.read_json(target)['commit']}" if target.exists() else ""
        stage.write_json({"commit": _git("rev-parse", "--short", "HEAD"), **_only(content, arms, file)}, target)
        print(f"recorded: {target}{before}")


def _only(content: dict[str, Any], arms: tuple[str, ...], file: Path) -> dict[str, Any]:
    for arm in arms:
        if arm not in content["arms"]:
            raise ResultsError(f"arm {arm!r} is not in {file}; choices: {', '.join(content['arms'])}")
    return content | {"arms": {arm: content["arms"][arm] for arm in arms}} if arms else content


def make() -> None:
    """Tables from everything recorded."""
    kept = {file: _read(file) for file in sorted((FOLDER / "runs").glob("*.json"))}
    for file in [file for file, run in kept.items() if run["study"] not in runs.STUDIES]:
        print(f"in no table: {file}, of study {kept[file]['study']}; tables are of {', '.join(runs.STUDIES)}")
    found = summary.summary(list(kept.values()))
    if not found:
        raise ResultsError(f"{FOLDER / 'runs'}: no recorded run; `make record` keeps the present one")
    stage.write_json(found, FOLDER / "summary.json")
    for ds in found:
        (FOLDER / f"{ds}.md").write_text(_page(list(kept.values()), ds, found[ds]), encoding="utf-8")
    _write_readme(list(kept.values()), found)
    print(f"tables of {', '.join(found)}: {FOLDER}/*.md, {FOLDER}/summary.json, {README}")


def _read(file: Path) -> runs.Run:
    try:
        run: runs.Run = stage.read_json(file)
    except ValueError as error:
        raise ResultsError(f"{file}: not JSON: {error}; record the run again, or remove the file") from None
    return run


def _page(kept: list[runs.Run], ds: str, arms: dict[str, Any]) -> str:
    """One data set: all arms, RL, and the two-stage recipe."""
    parts = [f"# {ds}\n\n{INTRODUCTION}\n", markdown(summary.table(arms))]
    learnt, reasoned = rl.text(kept, ds), two_stage.text(kept, ds)
    if learnt:
        parts += ["## RL after the warm-up\n", markdown(learnt[0]), f"{learnt[1]}\n"]
    if reasoned:
        parts += ["## Two-stage\n", markdown(reasoned[0]), f"{reasoned[2]}\n"]
        parts += [markdown(reasoned[1], numbers=(1, 2, 3))] if reasoned[1] else []
    return "\n".join(parts)


def _write_readme(kept: list[runs.Run], found: summary.Summary) -> None:
    public = [ds for ds in found if ds in summary.PUBLIC]
    lines = [
        summary.sentence(summary.gain(kept, list(found)), GAIN["all"], "all"),
        summary.sentence(summary.gain(kept, public), GAIN["public"], "public"),
        summary.against_svm(kept, list(found)),
    ]
    before, rest = README.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    content = markdown(summary.overview(found), numbers=range(1, 6)) + "\n" + "\n\n".join(lines) + "\n"
    README.write_text(before + MARKS[0] + content + MARKS[1] + after, encoding="utf-8")


def _git(*command: str) -> str:
    return re.sub(r"\n$", "", _output("git", *command))


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    verb, *names = sys.argv[1:] or [""]
    try:
        if verb not in ("record", "tables") or (names and verb == "tables"):
            raise ResultsError(f"got {' '.join(sys.argv[1:]) or 'nothing'}; choices: record, record <arm> …, tables")
        record(*names) if verb == "record" else make()
    except InputError as error:
        sys.exit(f"results: {error}")
