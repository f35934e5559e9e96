"""The marked rows as a csv for a person with a spreadsheet, and the same file filled in, read back and applied.

Written: what the models doubt, with empty columns for what the person decides, and below that what was decided before, so that the file
may be saved over the last one. A text that a spreadsheet would run as a formula is defused (gencls/formulas.py). Only `text` is treated
so: it is there to be read, while `id` and `label` say which row is meant and must come back as they are. The file begins with a byte order
mark, without which Excel takes UTF-8 for the code page of the machine.

Read: as a spreadsheet may have saved it, with or without the mark, with any line ends, separated by comma, semicolon (Excel in much of
Europe) or tab. `id` and `label` name the row and the label that it has in its source; `new_label` or `drop` decide; the other columns are
notes. Every cell is text, so ids and labels that look like numbers stay what they are.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gencls.errors import InputError
from gencls.formulas import defused
from gencls.params import LONGEST_CELL

SHOWN = ["id", "text", "label", "suggested", "confidence"]
DECIDED = ["new_label", "drop", "who", "why"]
REQUIRED = ["id", "label", "new_label"]
DROP = {"x": True, "yes": True, "true": True, "1": True, "": False, "no": False, "false": False, "0": False}
"""What may stand in the column `drop`."""
DELIMITERS = (",", ";", "\t")
SPREADSHEET_CELL = 30_000
"""Characters from which on a cell may have been cut: Excel's hold 32,767, white space among them."""
SHOWN_TEXT = 60
"""Characters of a text in an error."""


class CorrectionError(InputError):
    """A correction that cannot be meant; the message names the file, the line and the row."""


@dataclass(frozen=True)
class Correction:
    """What a person decided about a row."""

    line: int
    """Of the file, where its row begins."""
    id: str
    label: str
    """That of the source, as the person saw it; empty where it has none."""
    text: str
    """The same of the text; empty where the file does not say it."""
    new_label: str | None
    """None drops the row."""
    who: str
    why: str


NONE_MADE = pd.DataFrame(columns=["id", "text", "label", "new_label", "who", "why"], dtype="str")
"""The table of corrections that `apply` gives, without any."""


def write(marked: pd.DataFrame, path: Path, made: pd.DataFrame = NONE_MADE) -> None:
    """One line per row of `marks.marked`, in its order, then the corrections `made` so far; stable bytes, every text quoted."""
    new = marked.loc[~marked["id"].isin(made["id"]), SHOWN].assign(**dict.fromkeys(DECIDED, ""))
    drop = made["new_label"].isna().map({True: "x", False: ""})
    frame = pd.concat([new, made.assign(drop=drop, suggested="")]) if len(made) else new
    frame = frame.fillna({"text": "", "label": "", "new_label": ""})[SHOWN + DECIDED]
    frame["text"] = frame["text"].map(defused)
    frame.to_csv(path, index=False, encoding="utf-8-sig", float_format="%.6f", lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def read(path: Path) -> list[Correction]:
    """What was decided, in the order of the file; a row with neither a new label nor a drop says nothing.

    Raises:
        CorrectionError: the file is not such a csv, a decision is unclear, or a row is decided twice.
    """
    found: dict[str, Correction] = {}
    for line, row in _rows(path):
        decided = _decision(row, line, f"{path}, line {line}")
        if decided is None:
            continue
        if decided.id in found:
            raise CorrectionError(f"{path}, line {line}: row {decided.id!r} was decided in line {found[decided.id].line} already")
        found[decided.id] = decided
    return list(found.values())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, column → cell) for each row, the cells without the blanks around them; missing ones are empty."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text := _text(path), newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _check_header(header, path)
        line = reader.line_num + 1
        for cells in reader:
            if any(cells[len(header) :]):
                raise CorrectionError(f"{path}, line {line}: {len(cells)} cells, the header has {len(header)}; is a cell not quoted?")
            yield line, {column: cell.strip() for column, cell in zip(header, cells + [""] * len(header), strict=False)}
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorrectionError(f"{path}, line {reader.line_num}: {error}; is a double quote not closed, or not doubled in a cell?") from None


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorrectionError(f"{path}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8; save it as `CSV UTF-8`") from None


def _delimiter(text: str) -> str:
    """The one that splits the first line into most columns."""
    header = next(iter(text.splitlines()), "")
    return max(DELIMITERS, key=header.count)


def _check_header(header: Sequence[str], path: Path) -> None:
    missing = [column for column in REQUIRED if column not in header]
    unknown = [column for column in header if column and column not in (*SHOWN, *DECIDED)]
    twice = [column for column in header if column and header.count(column) > 1]
    if missing or unknown or twice:
        what = f"no column {missing[0]!r}" if missing else f"unknown column {unknown[0]!r}" if unknown else f"two columns {twice[0]!r}"
        needed, others = ", ".join(REQUIRED), ", ".join(column for column in (*DECIDED, *SHOWN) if column not in REQUIRED)
        raise CorrectionError(f"{path}, line 1: {what}; found: {', '.join(header)}; needed: {needed}; besides these may stand: {others}")


def _decision(row: dict[str, str], line: int, place: str) -> Correction | None:
    new_label, drop = row["new_label"], row.get("drop", "")
    if drop.lower() not in DROP:
        choices = ", ".join(word or "nothing" for word in DROP)
        raise CorrectionError(f"{place}: row {row['id']!r}: drop is {drop!r}; choices: {choices}")
    dropped = DROP[drop.lower()]
    if dropped and new_label:
        raise CorrectionError(f"{place}: row {row['id']!r} has both a new label, {new_label!r}, and drop, {drop!r}; it can have one")
    if not dropped and not new_label:
        return None
    return Correction(
        line, row["id"], row["label"], row.get("text", ""), None if dropped else new_label, row.get("who", ""), row.get("why", "")
    )


def apply(train: pd.DataFrame, decided: Sequence[Correction], labels: Sequence[str], path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(training rows as corrected, corrections made), from the rows with id, text and label as their source has them.

    The corrections keep all columns of their rows, and so the source's `label`; `new_label` is null where the row was dropped. `labels` is
    the label set, `path` the file that decided.

    Raises:
        CorrectionError: no such training row, another text or label than the person saw, or a new label that is not in the label set.
    """
    row_of = {id: row for row, id in enumerate(train["id"])}
    places = [_place(row_of, correction, f"{path}, line {correction.line}: row {correction.id!r}") for correction in decided]
    after = train["label"].astype(object).tolist()
    for row, correction in zip(places, decided, strict=True):
        _check(correction, train.iloc[row], labels, f"{path}, line {correction.line}: row {correction.id!r}")
        after[row] = correction.new_label
    notes = {"new_label": [c.new_label for c in decided], "who": [c.who for c in decided], "why": [c.why for c in decided]}
    made = train.iloc[places].reset_index(drop=True).assign(**{name: pd.Series(cells, dtype="str") for name, cells in notes.items()})
    dropped = made.loc[made["new_label"].isna(), "id"]
    corrected = train.assign(label=pd.Series(after, index=train.index, dtype="str"))
    return corrected[~train["id"].isin(dropped)].reset_index(drop=True), made


def _place(row_of: dict[str, int], correction: Correction, name: str) -> int:
    if correction.id.startswith(("validation-", "test-")):
        raise CorrectionError(f"{name}: only training rows may be corrected; a yardstick mended where models doubt it flatters them")
    if correction.id not in row_of:
        raise CorrectionError(f"{name}: no such training row; they are {next(iter(row_of))} to {list(row_of)[-1]}")
    return row_of[correction.id]


def _check(correction: Correction, row: "pd.Series[str]", labels: Sequence[str], name: str) -> None:
    own = "" if pd.isna(row["text"]) else str(row["text"])
    text, seen = _plain(defused(own)), _plain(correction.text)
    if seen and seen != text[: len(seen) if len(seen) >= SPREADSHEET_CELL else None]:
        raise CorrectionError(
            f"{name}: expected its text to be {_shown(correction.text)!r}, found {_shown(own)!r}; either the cell was changed, or the "
            "rows were since (another file, split or seed); an empty cell is not compared"
        )
    found = "" if pd.isna(row["label"]) else row["label"].strip()
    if found != correction.label:
        raise CorrectionError(
            f"{name}: expected its label to be {correction.label!r}, found {found!r}; "
            "either the cell was changed, or the rows were since (another file, split or seed)"
        )
    if correction.new_label is not None and correction.new_label not in labels:
        raise CorrectionError(f"{name}: the new label {correction.new_label!r} is not in the label set; choices: {', '.join(labels)}")


def _shown(text: str) -> str:
    return " ".join(text.split())[:SHOWN_TEXT]


def _plain(text: str) -> str:
    """Without white space, which spreadsheets change."""
    return "".join(text.split())


def summary(made: pd.DataFrame) -> str:
    """`112 labels changed, 8 rows dropped, 5 labels confirmed`."""
    counts = count(made)
    return f"{counts['changed']} labels changed, {counts['dropped']} rows dropped, {counts['confirmed']} labels confirmed"


def count(made: pd.DataFrame) -> dict[str, int]:
    """How many labels were changed, rows dropped, and labels confirmed by a new label that is the old one."""
    dropped, same = made["new_label"].isna(), made["new_label"] == made["label"]
    return {"changed": int((~dropped & ~same).sum()), "dropped": int(dropped.sum()), "confirmed": int(same.sum())}


def undone(train: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """The training rows as their source has them, in its order: the inverse of `apply`."""
    rows = pd.concat([train[~train["id"].isin(made["id"])], made[train.columns]])
    return rows.sort_values("id", key=lambda ids: ids.str.removeprefix("train-").astype(int), ignore_index=True)
