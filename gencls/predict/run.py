"""IN through a classifier to OUT, a chunk at a time, in order; killed and started again it goes on and writes the same bytes."""

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from gencls.bundle import Bundle
from gencls.classifier import CHUNK, Classifier, Prediction
from gencls.metrics import DIGITS
from gencls.params import Format
from gencls.predict.journal import Journal
from gencls.predict.source import SHOWN, STANDARD, STDIN, FileError, Row, Source, Unreadable
from gencls.predict.survey import Survey, readable, survey
from gencls.predict.target import NEAREST, check_names, writer
from gencls.progress import Ticker, say

Seen = Callable[[str, str, dict[str, Any]], None]
"""Is handed every row as it is written: its place, its text, its new columns."""


@dataclass(frozen=True)
class Job:
    """One file to predict.

    Attributes:
        out: where to; `-` is standard output.
        text: column or template of the text; None: the bundle's, or what is found.
        prefix: stands before the names of the new columns.
        skip: file for the rows that cannot be read; None: such a row is an error, before anything is predicted.
        seen: whoever else wants the rows.
        keep: leave the journal (`journal_of`) when OUT is complete, for a run over several files that may be killed in a later one.
    """

    source: Source
    out: str
    format: Format
    text: str | None = None
    prefix: str = ""
    skip: Path | None = None
    seen: Seen | None = None
    keep: bool = False


def journal_of(out: str) -> Path:
    """Beside OUT."""
    return Path(f"{out}.journal")


def run(classifier: Classifier, job: Job) -> int:
    """Predict a file; returns how many of its rows were skipped.

    Raises:
        InputError: the file, its columns or a row cannot be used, or OUT cannot be written; nothing was predicted then.
    """
    found = survey(job.source, job.text, classifier.bundle.text)
    if found.first is not None and job.skip is None:
        raise FileError(_refusal(found, found.first))
    check_names(job.source, found.columns, _added(classifier.bundle, job.prefix))
    say(f"{found.rows} rows of {job.source.name}; the text is {found.text.said!r}")
    with ExitStack() as stack:
        file = stack.enter_context(_written(job.out))
        aside = stack.enter_context(_written(str(job.skip))) if job.skip is not None else None
        journal = _journal(classifier.bundle, job)  # after OUT, which no other process writes from now on
        if journal is not None:
            stack.enter_context(journal)
        defused = _predict(classifier, job, found, _Files(file, aside, journal))
    if journal is not None and not job.keep:
        journal.remove()
    _account(job, found, defused)
    return found.unreadable


def _refusal(found: Survey, first: Unreadable) -> str:
    """Of a file with rows that cannot be read: the first of them."""
    shown = f": {first.content[:SHOWN]!r}" if first.content else ""
    more = f" ({found.unreadable} such rows of {found.rows + found.unreadable})" if found.unreadable > 1 else ""
    return f"{first.place}: {first.reason}{shown}; --skip FILE puts such rows aside{more}"


def _journal(bundle: Bundle, job: Job) -> Journal | None:
    """None where nothing could go on: a pipe cannot be read or written again."""
    if job.out == STANDARD or job.source.name == STDIN:
        return None
    try:
        return Journal(journal_of(job.out), _key(bundle, job))
    except OSError as error:
        raise FileError(f"{job.out}: cannot be written: {error.strerror}") from None


@dataclass(frozen=True)
class _Files:
    """What a run writes: OUT, the rows that cannot be read, the journal."""

    out: IO[bytes]
    aside: IO[bytes] | None
    journal: Journal | None


def _predict(classifier: Classifier, job: Job, found: Survey, files: _Files) -> int:
    """Write every row; returns how many cells were defused."""
    rows = _rows(job.source, found, files.aside)
    kept = files.journal.chunks() if files.journal is not None else iter(())
    done = files.journal.rows if files.journal is not None else 0
    if done:
        say(f"{done} rows were predicted before; going on from there")
    ticker, written = Ticker("predicted", found.rows, done), 0
    with closing(writer(files.out, job.format, job.source, found.columns, _added(classifier.bundle, job.prefix))) as target:
        while chunk := list(islice(rows, CHUNK)):
            new = next(kept, None)
            if new is None:
                new = [_record(prediction) for prediction in classifier.predict([text for _, text in chunk])]
                if files.journal is not None:
                    files.journal.append(new)
            for (row, text), prediction in zip(chunk, new, strict=True):
                if job.seen is not None:
                    job.seen(row.place, text, prediction)
                target.write({**row.cells, **{job.prefix + name: value for name, value in prediction.items()}})
            written += len(chunk)
            ticker.at(written)
    return target.defused


def _rows(source: Source, found: Survey, aside: IO[bytes] | None) -> Iterator[tuple[Row, str]]:
    """Rows with their texts; those that cannot be read go aside, one JSON object a line."""
    for row in source.rows():
        read = readable(row, found.text)
        if not isinstance(read, Unreadable):
            yield read
        elif aside is not None:
            aside.write((json.dumps(asdict(read), ensure_ascii=False) + "\n").encode())


def _record(prediction: Prediction) -> dict[str, Any]:
    """The new columns of a row, numbers to six digits, as in the predictions of the pipeline."""
    record: dict[str, Any] = {"predicted": prediction.label, "confidence": round(prediction.confidence, DIGITS)}
    record |= {"abstained": prediction.abstained}
    record |= {f"p_{label}": round(p, DIGITS) for label, p in prediction.probabilities.items()}
    record |= {} if prediction.nearest is None else {"nearest": [asdict(example) for example in prediction.nearest]}
    return record | ({} if prediction.explanation is None else {"explanation": prediction.explanation})


def _added(bundle: Bundle, prefix: str) -> dict[str, Any]:
    """Name → Arrow type of the new columns."""
    types = {"predicted": pa.string(), "confidence": pa.float64(), "abstained": pa.bool_()}
    types |= {f"p_{label}": pa.float64() for label in bundle.labels}
    types |= {"nearest": NEAREST} if bundle.retrieves and bundle.strategy.examples == "similar" else {}
    types |= {"explanation": pa.string()} if bundle.strategy.reasons else {}
    return {prefix + name: kind for name, kind in types.items()}


def _key(bundle: Bundle, job: Job) -> str:
    """Of everything that the predictions of a file depend on."""
    with job.source.path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    source = [job.source.format, job.source.delimiter, job.source.encoding, job.source.quoting, content]
    return hashlib.sha256(json.dumps([bundle.model_dump_json(), source, job.text, CHUNK]).encode()).hexdigest()


@contextmanager
def _written(out: str) -> Iterator[IO[bytes]]:
    """OUT, which appears when it is complete and which nobody else writes until then. A run that is stopped leaves its journal alone."""
    if out == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    unfinished = Path(f"{out}.unfinished")
    try:
        file = unfinished.open("ab")
    except OSError as error:
        raise FileError(f"{out}: cannot be written: {error.strerror}") from None
    with file:
        _claim(file, unfinished, out)
        try:
            yield file
            file.flush()
            unfinished.replace(out)  # while it is claimed
        finally:
            unfinished.unlink(missing_ok=True)


def _claim(file: IO[bytes], path: Path, out: str) -> None:
    """Empty the file, which this process alone writes until it is closed, however it ends.

    Raises:
        FileError: another process has it, or had it until just now.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise FileNotFoundError
    except (BlockingIOError, FileNotFoundError):
        raise FileError(f"{out}: another process is writing it; wait for its end, or name another file") from None
    file.truncate(0)


def _account(job: Job, found: Survey, defused: int) -> None:
    """What happened to the rows, said once at the end."""
    if found.unreadable:
        say(f"{found.unreadable} rows could not be read and are in {job.skip}")
    if found.blank:
        say(f"{found.blank} rows have no text; what is predicted for them says nothing")
    if defused:
        say(f"{defused} cells looked like formulas and got a single quote in front, so that no spreadsheet runs them")
    say(f"{found.rows} rows predicted → {'standard output' if job.out == STANDARD else job.out}")
