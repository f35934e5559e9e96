"""params.yaml for a data set, made from the text of the default file, so that every key and its comment stay; and the data set's card."""

import hashlib
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.comments import CommentedMap

from gencls.params.editing import edited
from gencls.sources.files import DELIMITERS
from gencls.start.opening import Table
from gencls.start.plan import Plan
from gencls.start.survey import Survey

COMMENTS = 30
"""Column in which comments begin."""
SIGNED = "As `make new` wrote it, which may replace it while the sha256 of the lines above is "
YAML, MARKDOWN = ("# ", ""), ("<!-- ", " -->")
"""What a comment stands between."""
NAMED = 20
"""Labels that a card lists."""


@dataclass(frozen=True)
class Start:
    """All that was found and decided about one file."""

    name: str
    """Of the data set."""
    file: str
    """Name of the file in data/raw/<name>."""
    table: Table
    text: str
    label: str
    language: str
    survey: Survey
    plan: Plan
    doubts: list[str]


def params_yaml(default: str, start: Start) -> str:
    """The default file's text with this data set, its strategies and its knobs in place of those that stand there."""
    body = default[default.index("\nseed:") + 1 :]
    return signed(f"{_head(start)}\n{edited(body, lambda content: _fill(content, start))}")


def _fill(content: Any, start: Start) -> None:
    strategies = start.plan.strategies
    for key, value in {**start.plan.knobs, "report.title": start.name}.items():
        section, name = key.split(".")
        content[section][name] = value
    content["datasets"] = _data_set(start)
    content["strategies"] = {name: of.model_dump(exclude_defaults=True) for name, of in strategies.items()}
    content["grid"]["train"] = list(strategies)
    content["grid"]["infer"] = [name for name, of in strategies.items() if of.asked == of]
    for key in ("strategies", "grid"):
        content.yaml_set_comment_before_after_key(key, before="\n")  # the blank line belonged to the value that was replaced


def signed(text: str, comment: tuple[str, str] = YAML) -> str:
    """The text with a last line by which `unedited` knows it again."""
    return f"{text}\n{comment[0]}{SIGNED}{hashlib.sha256(text.encode()).hexdigest()}{comment[1]}\n"


def unedited(text: str, comment: tuple[str, str] = YAML) -> bool:
    """Whether it is as it was signed."""
    return text == signed(text.rpartition(f"\n{comment[0]}{SIGNED}")[0], comment)


def _head(start: Start) -> str:
    rows = ", ".join(f"{n} {split}" for split, n in start.plan.rows.items())
    return (
        f"# {start.name}: {len(start.survey.classes)} classes, {rows} rows. Written by `make new`; everything may be changed.\n"
        "# `dvc repro` re-runs what an edit touches and nothing else. Each key and its meaning: gencls/params; keep them all.\n"
    )


def _data_set(start: Start) -> CommentedMap:
    table, shares = start.table, start.plan.shares
    delimiter = None if table.delimiter == DELIMITERS.get(table.form) else table.delimiter
    keys: list[tuple[str, Any, str]] = [
        ("source", "files", ""),
        ("language", start.language, "of the prompt: en or zh"),
        ("files", start.file, f"in data/raw/{start.name}; or train:, test: and, if there is one, validation:, a file each"),
        ("format", table.form, "or csv, tsv, jsonl, parquet"),
        ("delimiter", delimiter, "one character; null: comma for csv, tab for tsv"),
        ("encoding", table.encoding, "a byte order mark is dropped"),
        ("header", True, "false where the first line is a row; columns are then 1, 2, ..."),
        ("quoting", table.quoting, "false where a double quote is a character like any other"),
        ("text", start.text, 'a column, or a template: "{subject}\\n{body}"'),
        ("label", start.label, "a column"),
        ("labels", {}, "its values → names, where they are numbers or codes: {0: World}; or a json file beside the rows"),
        ("sha256", {}, "of each split's rows, where other rows should stop ingest"),
        ("validation", shares.validation, "shares of the rows held out, by the seed and stratified by label"),
        ("test", shares.test, ""),
    ]
    card = f"its card: data/raw/{start.name}; label definitions may lie beside it in definitions.json"
    return _commented([(start.name, _commented(keys), card)])


def _commented(keys: list[tuple[str, Any, str]]) -> CommentedMap:
    """Of (key, value, comment)."""
    found = CommentedMap((key, value) for key, value, _ in keys)
    for key, _, comment in keys:
        if comment:
            found.yaml_add_eol_comment(comment, key, column=COMMENTS)
    return found


def card(start: Start) -> str:
    """README.md of data/raw/<name>, signed."""
    survey, classes = start.survey, list(start.survey.classes)
    more = f" and {len(classes) - NAMED} more" if len(classes) > NAMED else ""
    median, _, longest = survey.lengths
    lines = [
        f"# {start.name}\n",
        "Where the rows come from, who labelled them, and what licence they have: to be written by whoever knows.\n",
        "| | |\n|---|---|",
        f"| Task | one of {len(classes)} labels: {', '.join(classes[:NAMED])}{more} |",
        f"| Rows | {len(survey.frame)}, split by the seed: {', '.join(f'{split} {n}' for split, n in start.plan.rows.items())} |",
        f"| Text | `{start.text}`; {median} characters in the middle, {longest} at most |",
        f"| Label | `{start.label}` |",
        f"| File | `{start.file}`, {start.table.form}, {start.table.encoding} |",
        "\n## Known problems\n",
        *([f"- {doubt}" for doubt in start.doubts] or ["None were found by looking at the file."]),
        "",
    ]
    return signed("\n".join(lines), MARKDOWN)
