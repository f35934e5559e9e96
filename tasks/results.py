"""Result tables from recorded runs; not a stage.

`python -m tasks.results record` keeps what the report of the present run measured as results/runs/<ds>-<seed>.json, with the commit;
`python -m tasks.results tables` makes results/summary.json, results/<ds>.md and the summary in the README from all that is kept there.
"""

import re
import subprocess
import sys
from pathlib import Path

from gencls import tables
from gencls.errors import InputError
from tasks import paths, stage

FOLDER = Path("results")
README = Path("README.md")
MARKS = ("<!-- results -->\n", "<!-- end of results -->\n")


class ResultsError(InputError):
    """There is nothing to record, or it cannot be told which code it came from."""


def record() -> None:
    """Keep the records of the present run.

    Raises:
        ResultsError: no report was made, or code or parameters differ from the commit.
    """
    files = sorted(paths.RESULTS.glob("*.json"))
    if not files:
        raise ResultsError(f"{paths.RESULTS}: no records there; dvc repro makes them")
    changed = _git("status", "--porcelain", "--", "gencls", "tasks", "dvc.yaml")
    if changed:
        raise ResultsError(f"the code differs from the commit, so nobody could measure this again; commit first:\n{changed}")
    for file in files:
        content = stage.read_json(file)
        target = FOLDER / "runs" / f"{content['data_set']}-{content['seed']}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        stage.write_json({"commit": _git("rev-parse", "--short", "HEAD"), **content}, target)
        print(f"recorded: {target}")


def make() -> None:
    """Tables from everything recorded."""
    runs = [stage.read_json(file) for file in sorted((FOLDER / "runs").glob("*.json"))]
    if not runs:
        raise ResultsError(f"{FOLDER / 'runs'}: no recorded run; `make record` keeps the present one")
    found = tables.summary(runs)
    stage.write_json(found, FOLDER / "summary.json")
    for ds, arms in found.items():
        text = f"# {ds}\n\nMade by `make results` from results/runs/, percent on the test split, 95 % intervals over rows.\n\n"
        (FOLDER / f"{ds}.md").write_text(text + tables.markdown(tables.table(arms)), encoding="utf-8")
    public = [ds for ds in found if ds in tables.PUBLIC]
    lines = [
        tables.sentence(tables.gain(runs, list(found)), tables.PAPER["all"], "all"),
        tables.sentence(tables.gain(runs, public), tables.PAPER["public"], "public"),
    ]
    before, rest = README.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    content = tables.markdown(tables.overview(found)) + "\n" + "\n".join(lines) + "\n"
    README.write_text(before + MARKS[0] + content + MARKS[1] + after, encoding="utf-8")
    print(f"tables of {', '.join(found)}: {FOLDER}/*.md, {FOLDER}/summary.json, {README}")


def _git(*command: str) -> str:
    return re.sub(r"\n$", "", subprocess.run(["git", *command], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    verbs = {"record": record, "tables": make}
    try:
        if len(sys.argv) != 2 or sys.argv[1] not in verbs:
            raise ResultsError(f"got {' '.join(sys.argv[1:]) or 'nothing'}; choices: {', '.join(verbs)}")
        verbs[sys.argv[1]]()
    except InputError as error:
        sys.exit(f"results: {error}")
