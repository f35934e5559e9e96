"""`gencls predict MODEL IN OUT`: the command line of gencls.predict."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from gencls.predict.source import FORMATS, STANDARD, FileError, format_of, opened
from gencls.sources.files import DELIMITERS
from gencls.sources.rows import typed

EPILOG = """\
IN's columns pass through; behind them come predicted, confidence, abstained and a probability per label (p_<label>), nearest, the
training rows that the model was shown, where it retrieves, and explanation, what it wrote before the label, where it reasons. A run that
is killed goes on where it was when it is started again.
In csv and tsv a cell that a spreadsheet would run as a formula gets a single quote in front (OWASP, CSV Injection)."""


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said."""
    parser.description, parser.epilog = "Predict the label of every row of a file.", EPILOG
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a bundle, models/bundle/<data set>")
    parser.add_argument("source", metavar="IN", help="csv, tsv, jsonl or parquet by its ending, or - for standard input")
    parser.add_argument("out", metavar="OUT", help="the same, or - for standard output in IN's format")
    parser.add_argument(
        "--text", type=typed, metavar="COLUMN", help='column of the text, or a template as "{subject}\\n{body}"; default: the model\'s own'
    )
    parser.add_argument("--skip", metavar="FILE", type=Path, help="put rows that cannot be read into this jsonl file, and go on")
    parser.add_argument("--prefix", default="", help="put before the names of the new columns")
    parser.add_argument("--from", dest="source_format", choices=FORMATS, help="format of IN")
    parser.add_argument("--to", dest="format", choices=FORMATS, help="format of OUT")
    parser.add_argument("--delimiter", help="of a csv IN; default: a comma, for tsv a tab")
    parser.add_argument("--no-quoting", action="store_true", help="of a csv or tsv IN: a double quote is a character like any other")
    parser.add_argument("--encoding", default="utf-8", help="of IN, as Python names it; OUT is UTF-8, marked so if IN is not")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the model runs; auto takes a GPU if there is one"
    )


def run(given: Namespace) -> None:
    """Do what was said.

    Raises:
        InputError: the model, a file or a row cannot be used.
    """
    _check(given)
    with opened(given.source, given.source_format, given.delimiter, given.encoding, quoting=not given.no_quoting) as source:
        if source.format in DELIMITERS:
            source.header()
        form = given.format or (source.format if given.out == STANDARD else format_of(Path(given.out), "--to"))
        from gencls.classifier import Classifier  # torch comes now, so that a wrong name, option or header is said at once
        from gencls.predict.run import Job
        from gencls.predict.run import run as predict_file

        classifier = Classifier.load(given.model, device=given.device)
        predict_file(classifier, Job(source, given.out, form, given.text, given.prefix, given.skip))


def _check(given: Namespace) -> None:
    if given.delimiter is not None and len(given.delimiter) != 1:
        raise FileError(f"--delimiter: got {given.delimiter!r}; it is one character")
    for out in (given.out, given.skip):
        if out in (None, STANDARD):
            continue
        if given.source != STANDARD and Path(out).resolve() == Path(given.source).resolve():
            raise FileError(f"{out} is IN as well; a run that is killed could not go on")
        if not Path(out).absolute().parent.is_dir():
            raise FileError(f"{out}: no such folder as {Path(out).absolute().parent}")
        if Path(out).is_dir():
            raise FileError(f"{out} is a folder; name a file in it")
    if given.skip is not None and given.out != STANDARD and given.skip.resolve() == Path(given.out).resolve():
        raise FileError(f"--skip: {given.skip} is OUT as well; name another file")
