"""Labels under their names, where the source has numbers or codes: `labels` of a data set in params.yaml. Several may share a name."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from gencls.params import Split, TableDataSet
from gencls.sources.rows import SourceError


def with_file(spec: TableDataSet, folder: Path) -> TableDataSet:
    """The same with the content of the file that `labels` names, if it names one.

    Raises:
        SourceError: it is not there, or holds something else than one name per label.
    """
    if not isinstance(spec.labels, str):
        return spec
    file = folder / spec.labels
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourceError(f"labels: {file}: no such file") from None
    except ValueError as error:
        raise SourceError(f"labels: {file}: not a JSON file in UTF-8: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) and name for name in content.values()):
        raise SourceError(f'labels: {file}: expected an object with a name per label, as {{"0": "World"}}')
    return spec.model_copy(update={"labels": content})


def named(frames: Mapping[Split, pd.DataFrame], spec: TableDataSet) -> dict[Split, pd.DataFrame]:
    """The rows with names for labels; a missing label stays missing.

    Raises:
        SourceError: a label has no name.
    """
    if not spec.labels:
        return dict(frames)
    assert not isinstance(spec.labels, str), "with_file has read it"
    name = {str(label): name for label, name in spec.labels.items()}
    for split, frame in frames.items():
        unknown = frame.loc[~frame["label"].isin(name), "label"].value_counts()
        if len(unknown):
            listed = ", ".join(f"{label!r} ({rows} rows)" for label, rows in unknown.items())
            raise SourceError(f"{split}: labels has no name for {listed}; named are {', '.join(name)}")
    return {split: frame.assign(label=frame["label"].map(name).astype("str")) for split, frame in frames.items()}
