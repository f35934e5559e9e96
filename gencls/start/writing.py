"""params.yaml for a data set, made from the text of the default file, so that every key and its comment stay; and the data set's card."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from gencls.params import Strategy
from gencls.sources.files import DELIMITERS
from gencls.start.opening import Table
from gencls.start.plan import Plan
from gencls.start.survey import Survey

COMMENTS = 30
"""Column in which comments begin."""
PLAIN = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)
WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
"""What YAML readers of some version take for something else than text."""
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
    for key, value in {**start.plan.knobs, "report.title": start.name}.items():
        body = _with_value(body, key, value)
    body = _with_section(body, "datasets", _data_set(start))
    body = _with_section(body, "strategies", [line for name, of in start.plan.strategies.items() for line in _strategy(name, of)])
    train = [f"    - {name}" for name in start.plan.strategies]
    infer = [f"    - {name}" for name, of in start.plan.strategies.items() if of.asked == of]
    decoding = body[body.index("  decoding:\n") : body.index("\nvalidate:")].rstrip().split("\n")
    body = _with_section(body, "grid", ["  train:", *train, "  infer:", *infer, *decoding])
    return signed(f"{_head(start)}\n{body}")


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


def _data_set(start: Start) -> list[str]:
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
    card = _commented(f"  {start.name}:", f"its card: data/raw/{start.name}; label definitions may lie beside it in definitions.json")
    return [card, *(_commented(f"    {key}: {scalar(value)}", comment) for key, value, comment in keys)]


def _strategy(name: str, strategy: Strategy) -> list[str]:
    """Fields that are not as they would be."""
    fields = strategy.model_dump(exclude_defaults=True)
    return [f"  {name}:", *(f"    {key}: {scalar(value)}" for key, value in fields.items())] if fields else [f"  {name}: {{}}"]


def _with_section(text: str, name: str, lines: list[str]) -> str:
    """The text with other lines under a top-level key; its own line stays."""
    found = re.search(rf"^({name}:[^\n]*\n).*?(?=^\S)", text, flags=re.MULTILINE | re.DOTALL)
    assert found, name
    return text[: found.start()] + found[1] + "\n".join(lines) + "\n\n" + text[found.end() :]


def _with_value(text: str, key: str, value: object) -> str:
    """The text with another value of `section.key`; its comment stays."""
    section, name = key.split(".")
    found = re.search(rf"^{section}:[^\n]*\n(?:(?:  [^\n]*)?\n)*?  {name}: ([^\n#]*)(?:# ([^\n]*))?\n", text, flags=re.MULTILINE)
    assert found, key
    line = text.rindex("\n", 0, found.start(1)) + 1
    return text[:line] + _commented(f"  {name}: {scalar(value)}", found[2] or "") + "\n" + text[found.end() :]


def _commented(line: str, comment: str) -> str:
    return f"{line.ljust(COMMENTS - 1)} # {comment}" if comment else line


def scalar(value: object) -> str:
    """A value as YAML on one line; a double-quoted YAML string is what JSON writes."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


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
