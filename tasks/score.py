"""score: new rows through a finished model, compared with validation → score.out; not a stage of the DAG, flows/score.py runs it.

Per file of score.source a file of the same name with the predictions, <file>.unreadable.jsonl where rows could not be read, and for all of
them drift.html and drift.json (gencls/drift). A run that is killed leaves the journals of its files, and the next goes on from them.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gencls.classifier import Classifier
from gencls.drift import measures, page
from gencls.drift.measures import Measure
from gencls.drift.reading import Readings
from gencls.drift.reference import Reference
from gencls.params import FilesDataSet, Params, ParamsError
from gencls.predict.run import Job, journal_of
from gencls.predict.run import run as predict
from gencls.predict.source import FileError, Source, opened
from gencls.predict.survey import NoRowsError, survey
from gencls.progress import say
from gencls.sources.files import ENDINGS
from tasks import paths, stage


@dataclass(frozen=True)
class Run:
    """One run over all files."""

    params: Params
    model: Path
    """Folder of the bundle."""
    classifier: Classifier
    reference: Reference
    readings: Readings
    """Of the rows so far."""
    files: list[Path]

    def target(self, file: Path) -> Path:
        """Where its predictions go."""
        return Path(self.params.score.out) / file.name


@dataclass(frozen=True)
class Done:
    """What became of a file."""

    file: Path
    rows: int
    unreadable: int


@dataclass(frozen=True)
class Drift:
    """What the comparison says."""

    verdict: str
    measures: list[Measure]
    page: Path

    @property
    def exceeded(self) -> bool:
        """Whether a measure is above its threshold."""
        return any(measure.exceeded for measure in self.measures)


def start(params: Params) -> Run:
    """Load the model and look what there is to read.

    Raises:
        InputError: there is no such bundle, it carries nothing to compare with, a pipeline run replaced it meanwhile, there is no file,
            predictions would replace one, or one cannot be read.
    """
    model = bundle(params)
    files = incoming(Path(params.score.source))
    if Path(params.score.out).resolve() == files[0].parent.resolve():
        raise ParamsError(f"score.out: {params.score.out} is where score.source lies, whose files it would replace; name another folder")
    with _unreplaced(model):
        found, classifier = Reference.read(model), Classifier.load(model, device=params.model.device)
    run = Run(params, model, classifier, found, Readings(found.known), files)
    holding = [file for file in files if _has_rows(run, file)]
    if not holding:
        raise FileError(f"score.source: {params.score.source}: no rows in it")
    Path(params.score.out).mkdir(parents=True, exist_ok=True)
    return replace(run, files=holding)


def _has_rows(run: Run, file: Path) -> bool:
    """A file that cannot be read is an error now, not when all files before it were predicted."""
    with _opened(run, file) as source:
        try:
            survey(source, run.params.score.text, run.classifier.bundle.text)
        except NoRowsError as error:
            say(f"{error}; left out")
            return False
    return True


@contextmanager
def _unreplaced(model: Path) -> Iterator[None]:
    """Read a bundle as one. It is not locked, or a pipeline run of hours would stop all scoring with the bundle that is there.

    Raises:
        ParamsError: its files were others at the end than at the start, whatever else went wrong with them.
    """
    before = _files(model)
    try:
        yield
    finally:
        if _files(model) != before:
            raise ParamsError(f"{model}: replaced while it was read, as by a pipeline run; score again when that has written it")


def _files(model: Path) -> list[tuple[str, int, int, int]]:
    """What tells a file from another of its name; DVC and the stages replace files, they do not write into them."""
    found = [(file.name, file.lstat()) for file in sorted(model.glob("*"))]
    return [(name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found]


def bundle(params: Params) -> Path:
    """`score.model`, or that of the one data set."""
    if params.score.model is not None:
        return Path(params.score.model)
    if len(params.datasets) > 1:
        choices = ", ".join(str(paths.bundle(ds)) for ds in params.datasets)
        raise ParamsError(f"score.model: null, but there are several data sets, so name a bundle; choices: {choices}")
    return paths.bundle(next(iter(params.datasets)))


def incoming(source: Path) -> list[Path]:
    """The file, or the files of the folder that can be read, in the order of their names.

    Raises:
        FileError: there is none.
    """
    if source.is_file():
        if source.suffix.lower() not in ENDINGS:
            raise FileError(f"score.source: {source}: cannot tell what {source.suffix!r} is; read are {', '.join(ENDINGS)}")
        return [source]
    if not source.is_dir():
        raise FileError(f"score.source: {source}: no such file or folder; put new rows there, or name another")
    files = sorted(file for file in source.iterdir() if file.suffix.lower() in ENDINGS and file.is_file())
    if not files:
        raise FileError(f"score.source: {source}: no file to read in it; read are {', '.join(ENDINGS)}")
    return files


def predict_file(run: Run, file: Path) -> Done:
    """Write the predictions of one file; its rows join the readings."""
    before, target = len(run.readings), run.target(file)

    def seen(place: str, text: str, row: dict[str, Any]) -> None:
        run.readings.add(place, text, row["predicted"], row["confidence"], abstained=row["abstained"])

    text = run.params.score.text
    aside = target.with_name(f"{target.name}.unreadable.jsonl")
    with _opened(run, file) as source:
        unreadable = predict(run.classifier, Job(source, str(target), source.format, text, skip=aside, seen=seen, keep=True))
    if not unreadable:
        aside.unlink()
    return Done(file, len(run.readings) - before, unreadable)


def _opened(run: Run, file: Path) -> AbstractContextManager[Source]:
    delimiter, encoding, quoting = _read_as(run, file)
    return opened(str(file), None, delimiter, encoding, said="score.", quoting=quoting)


def _read_as(run: Run, file: Path) -> tuple[str | None, str, bool]:
    """Delimiter, encoding, quoting: what `score` says, else for a csv those of the rows that the model was trained on; quoting always."""
    wanted, spec = run.params.score, run.params.datasets.get(run.classifier.bundle.data_set)
    delimiter, encoding, quoting = (spec.delimiter, spec.encoding, spec.quoting) if isinstance(spec, FilesDataSet) else (None, None, True)
    if file.suffix.lower() != ".csv":
        return None, wanted.encoding or "utf-8", quoting
    return wanted.delimiter or delimiter, wanted.encoding or encoding or "utf-8", quoting


def finish(run: Run, done: Sequence[Done]) -> Drift:
    """Compare all rows with validation and write the page; what a killed run would go on from is removed."""
    wanted, new = run.params.score, run.readings.frame()
    limits = {name: getattr(wanted, name) for name in page.EFFECTS}
    compared = measures.compare(run.reference.validation, new, limits, wanted.alpha)
    verdict, out = measures.sentence(compared), Path(wanted.out)
    content = page.Page(
        model=str(run.model),
        cell=run.classifier.bundle.origin.title,
        files=[(str(file.file), file.rows, file.unreadable) for file in done],
        validation=run.reference.validation,
        new=new,
        measures=compared,
        unlike=run.readings.unlike,
    )
    (out / "drift.html").write_text(page.render(content), encoding="utf-8", newline="\n")
    found = [asdict(measure) | {"exceeded": measure.exceeded} for measure in compared]
    stage.write_json(
        {"verdict": verdict, "rows": len(new), "validation_rows": len(run.reference.validation), "measures": found}, out / "drift.json"
    )
    for file in run.files:
        journal_of(str(run.target(file))).unlink(missing_ok=True)
    return Drift(verdict, compared, out / "drift.html")
