"""ingest: a source → data/<ds>/{train,validation,test}.parquet and labels.json.

Reads data/raw/<ds>: the files of source `files`, and `definitions.json` ({label: one line}) of any source. Applies
data/corrections/<ds>.csv to the training rows, if it is there, and writes corrected.parquet: what was corrected. Fails only where rows
cannot be read, or a correction does not fit them; whether they are any good is for validate.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gencls import corrections
from gencls.params import AnyDataSet, BuiltinDataSet, GitDataSet, HubDataSet, Params, Split, TableDataSet
from gencls.sources import SourceError, builtin, naming, read
from tasks import paths, stage


def main(params: Params, ds: str) -> None:
    """Read every split of a data set."""
    spec: Any = params.datasets[ds]
    try:
        if isinstance(spec, TableDataSet):
            spec = naming.with_file(spec, paths.raw(ds))
        if isinstance(spec, GitDataSet | HubDataSet):
            from tasks import fetch  # imports `dvc`, which no other source needs

            frames = fetch.rows(spec, ds, seed=params.seed)
        else:
            frames = read(spec, paths.raw(ds), seed=params.seed)
    except SourceError as error:
        raise stage.StageError(f"data set {ds}: {error}") from error
    definitions = _definitions(spec, paths.raw(ds) / "definitions.json")
    made = _correct(frames, {*definitions}, paths.corrections(ds))
    labels = sorted({*frames["train"]["label"].dropna(), *definitions})  # validate finds those that no training row has
    with stage.writing(paths.data(ds)) as folder:
        folder.mkdir()
        for split, frame in frames.items():
            write_parquet(frame, folder / f"{split}.parquet")
        if made is not None:
            write_parquet(made, folder / paths.corrected(ds).name)
        stage.write_json({"language": spec.language, "labels": labels, "definitions": definitions}, folder / "labels.json")


def _correct(frames: dict[Split, pd.DataFrame], labels: set[str], path: Path) -> pd.DataFrame | None:
    """Put the corrected training rows into `frames`; what was corrected, None where nothing is."""
    decided = corrections.read(path) if path.exists() else []
    if not decided:
        return None
    known = sorted(labels.union(*(frame["label"].dropna() for frame in frames.values())))
    frames["train"], made = corrections.apply(frames["train"], decided, known, path)
    print(f"ingest: {path}: {corrections.summary(made)}")
    return made


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """String columns only, and no metadata: the same rows give the same bytes."""
    schema = pa.schema([(column, pa.string()) for column in frame.columns])
    pq.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False).replace_schema_metadata(None), path)


def _definitions(spec: AnyDataSet, path: Path) -> dict[str, str]:
    """What the labels mean: the file, or else what the generator says."""
    if not path.exists():
        return builtin.definitions(spec) if isinstance(spec, BuiltinDataSet) else {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise stage.StageError(f"{path}: not a JSON file in UTF-8: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(line, str) for line in content.values()):
        raise stage.StageError(f"{path}: expected an object with one line of text per label")
    return {label: content[label] for label in sorted(content)}


if __name__ == "__main__":
    stage.run(main)
