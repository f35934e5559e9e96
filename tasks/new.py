"""make new: a file of labelled texts → data/raw/<name>/ (the file and a card) and a params.yaml that runs it.

    python -m tasks.new tickets.csv [--text COLUMN --label COLUMN --name NAME --language en|zh --delimiter C --encoding E --force]

It looks, says what it found and what it doubts, and asks by one error for what it cannot decide. Nothing is written before all is decided.
"""

import re
import shlex
import shutil
import sys
import unicodedata
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gencls import params as params_module
from gencls.errors import InputError
from gencls.params import RESERVED_NAMES, TableDataSet
from gencls.params.editing import reads_as_text
from gencls.sources.rows import to_frame, typed
from gencls.start import columns, estimate, opening, survey, writing
from gencls.start.writing import Start
from tasks import paths
from tasks.stage import StageError

PRESETS = Path("presets")
DEFAULT = PRESETS / "default.yaml"
SEED = params_module.Params.model_fields["seed"].default


def main(arguments: list[str]) -> None:
    """Look at the file, decide, write, and say what comes next."""
    wanted = _arguments(arguments)
    file = Path(wanted.file)
    name = _name(wanted.name) if wanted.name else _name_of(file)
    note = _may_be_replaced(wanted.force)
    _may_be_placed(file, paths.raw(name), wanted.force)
    start = look(file, name, wanted)
    text = writing.params_yaml(DEFAULT.read_text(encoding="utf-8"), start)
    params_module.parse(_yaml(text), "the params.yaml made for it")
    _place(file, start)
    kept = _keep() if wanted.force else None
    paths.PARAMS.write_text(text, encoding="utf-8")
    print(_said(start, [note, f"the old params.yaml is kept as {kept}" if kept else ""]))


def look(file: Path, name: str, wanted: Namespace) -> Start:
    """What the file holds, and the parameters that suit it.

    Raises:
        InputError: it cannot be read, or it cannot be told which column is meant.
    """
    from gencls.start import plan  # imports transformers, which an error need not wait for

    table = opening.read(file, encoding=wanted.encoding, delimiter=wanted.delimiter)
    if not table.records:
        raise StageError(f"{file}: no rows")
    found = columns.columns(table.records)
    text, text_doubts = (wanted.text, []) if wanted.text else columns.text_column(found)
    label, label_doubts = (wanted.label, []) if wanted.label else columns.label_column(found, text)
    looked = survey.survey(to_frame(table.records, TableDataSet(text=text, label=label), str(file)))
    if len(looked.classes) < 2:
        raise StageError(f"{file}: the column {label!r} has {len(looked.classes)} classes, and two are needed; name another: --label")
    language = wanted.language or looked.language
    decodings = len(params_module.load(DEFAULT).grid.decoding)
    made = plan.plan(looked, language=language, seed=SEED, decodings=decodings, flops=estimate.matmul_rate())
    doubts = [*table.doubts, *text_doubts, *label_doubts, *columns.split_column(found), *looked.doubts, *made.doubts]
    return Start(name, file.name, table, text, label, language, looked, made, doubts)


def _arguments(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="make new", description="Look at a file of labelled texts and write a params.yaml that runs it.")
    parser.add_argument("file", help="csv, tsv, jsonl or parquet")
    parser.add_argument("--text", type=typed, help='column, or a template over columns: "{subject} {body}"')
    parser.add_argument("--label", help="column")
    parser.add_argument("--name", help="of the data set; by default that of the file")
    parser.add_argument("--language", choices=("en", "zh"), help="of the prompts")
    parser.add_argument("--delimiter", choices=opening.OTHER_DELIMITERS, help="by default the one that splits every row alike")
    parser.add_argument("--encoding", help="as Python names it")
    parser.add_argument("--force", action="store_true", help="replace a params.yaml that was edited; the old one is kept beside it")
    return parser.parse_args(arguments)


def _name(name: str, source: str = "--name") -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_]*", name) or name in RESERVED_NAMES:
        raise StageError(
            f"{source} gives {name!r}, which cannot name a data set: letters, digits and _, none of {', '.join(RESERVED_NAMES)}; --name"
        )
    if not reads_as_text(name):
        raise StageError(
            f"{source} gives {name!r}, which YAML takes for something else than a name; put a word before it: --name data_{name}"
        )
    return name


def _name_of(file: Path) -> str:
    """The data set's name, from that of its file: `Rückgaben 2024.csv` gives ruckgaben_2024, and `2024.csv` data_2024."""
    base = "".join(c for c in unicodedata.normalize("NFKD", file.stem) if not unicodedata.combining(c))
    name = re.sub(r"\W+", "_", base, flags=re.ASCII).strip("_").lower()
    if not name:
        raise StageError(f"{file}: its name has none of the letters and digits that name a data set, a to z and 0 to 9; name it: --name")
    return _name(name if reads_as_text(name) else f"data_{name}", f"{file}: its name")


def _may_be_replaced(force: bool) -> str:
    """What to say of the params.yaml that is there: one like a preset, or as it was written here, is nobody's work and may go; one that was
    edited needs --force.
    """
    if not paths.PARAMS.exists():
        return ""
    text = paths.PARAMS.read_text(encoding="utf-8")
    if writing.unedited(text):
        return "the old params.yaml was as make new wrote it"
    try:
        content = _yaml(text)
    except YAMLError:
        content = None  # half edited is edited too
    same = [preset for preset in sorted(PRESETS.glob("*.yaml")) if _yaml(preset.read_text(encoding="utf-8")) == content]
    if not same and not force:
        raise StageError(f"{paths.PARAMS} was edited and would be replaced; --force does so and keeps it beside the new one")
    return f"the old params.yaml said what {same[0]} says" if same else ""


def _may_be_placed(file: Path, folder: Path, force: bool) -> None:
    own = ("README.md", "definitions.json", ".gitignore", file.name, f"{file.name}.dvc")
    there = [other for other in folder.iterdir() if other.name not in own] if folder.is_dir() else []
    target = folder / file.name
    other = target.exists() and file.exists() and target.read_bytes() != file.read_bytes()
    known = (folder / "README.md").exists() and not target.exists()
    if (there or other or known) and not force:
        what = f"another {file.name}" if other else "another data set"
        mended = ", as for the same rows, mended" if other else ""
        raise StageError(f"{folder} holds {what}; choose a name for this one (--name), or --force to put it there{mended}")


def _place(file: Path, start: Start) -> None:
    folder = paths.raw(start.name)
    folder.mkdir(parents=True, exist_ok=True)
    if file.resolve() != (folder / file.name).resolve():
        shutil.copyfile(file, folder / file.name)
    card = folder / "README.md"
    if not card.exists() or writing.unedited(card.read_text(encoding="utf-8"), writing.MARKDOWN):  # nobody's work
        card.write_text(writing.card(start), encoding="utf-8")


def _keep() -> Path | None:
    """Move params.yaml aside, under a name that is free."""
    if not paths.PARAMS.exists():
        return None
    number = next(n for n in range(1, 1000) if not Path(f"{paths.PARAMS}.{n}.bak").exists())
    return paths.PARAMS.rename(f"{paths.PARAMS}.{number}.bak")


def _said(start: Start, notes: list[str]) -> str:
    table, plan, classes = start.table, start.plan, start.survey.classes
    median, p95, longest = start.survey.lengths
    largest, smallest = max(classes, key=classes.__getitem__), min(classes, key=classes.__getitem__)
    separated = f", separated by {table.delimiter!r}" if table.delimiter else ""
    names = ", ".join(map(repr, table.columns))
    file = shlex.quote(str(paths.raw(start.name) / start.file))
    lines = [
        f"{start.file}: {table.form}, {table.encoding}{separated}, {len(table.records)} rows, columns {names}",
        f"text: {start.text!r}, {median} characters in the middle, 95 % up to {p95}, at most {longest}; prompts in {start.language}",
        f"label: {start.label!r}, {len(classes)} classes from {classes[largest]} rows ({largest}) to {classes[smallest]} ({smallest})",
        f"split by seed {SEED}: {', '.join(f'{split} {n}' for split, n in plan.rows.items())}",
        f"chosen: strategies {', '.join(plan.strategies)}; {', '.join(f'{key} {value}' for key, value in plan.knobs.items())}",
        *(f"doubt: {doubt}" for doubt in start.doubts),
        f"an estimate of dvc repro on this machine: {plan.minutes:.0f} minutes = {plan.formula}",
        *(f"note: {note}" for note in notes if note),
        f"written: {paths.PARAMS}, {paths.raw(start.name)}. Next: make run; `dvc add {file}` tracks the file",
    ]
    return "\n".join(lines)


def _yaml(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InputError as error:
        make = '\nwith make: OPTIONS="--flag value"' if "--" in str(error) else ""
        sys.exit(f"new: {error}{make}")
