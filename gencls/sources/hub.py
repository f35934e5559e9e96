"""Source `hub`: a data set of the Hugging Face hub at a commit, or a local folder of the same format. Remote code is never run."""

from pathlib import Path
from typing import Any

import pandas as pd
from datasets import ClassLabel, Dataset, load_dataset
from datasets.exceptions import DatasetsError

from gencls.params import SPLITS, HubDataSet, Split
from gencls.params.hub import HubRows
from gencls.sources.rows import Record, SourceError, Unreachable, check_columns, required_columns, to_frame


def read(spec: HubDataSet) -> dict[Split, pd.DataFrame]:
    """One frame per split; class numbers become class names.

    Raises:
        SourceError: no such folder, configuration, split or column; `Unreachable` if it had to come from the hub.
    """
    wanted = [spec.splits.train, spec.splits.validation, spec.splits.test]
    tables = zip(SPLITS, wanted, load(spec, wanted), strict=True)
    return {split: _frame(table, spec, f"{spec.id}, split {name}") for split, name, table in tables}


def load(rows: HubRows, split: str | list[str]) -> Any:
    """The table of a split, or one of each.

    Raises:
        SourceError: no such folder, configuration or split; `Unreachable` if it had to come from the hub.
    """
    local = Path(rows.id).is_dir()
    try:
        return load_dataset(rows.id, name=rows.config, revision=None if local else rows.revision, split=split)
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:  # bad names are ValueError, loading scripts RuntimeError
        kind = SourceError if local else Unreachable
        raise kind(f"{'folder' if local else 'hub data set'} {rows.id} (revision {rows.revision}): {error}") from error


def _frame(table: Dataset, spec: HubDataSet, name: str) -> pd.DataFrame:
    check_columns(spec, table.column_names, name)
    classes = table.features[spec.label]
    records: list[Record] = table.select_columns(required_columns(spec)).to_list()
    if isinstance(classes, ClassLabel):
        records = [{**record, spec.label: _class_name(classes, record[spec.label])} for record in records]
    return to_frame(records, spec, name)


def _class_name(classes: ClassLabel, number: object) -> str | None:
    """Hidden labels are -1 on the hub."""
    return classes.int2str(number) if isinstance(number, int) and number >= 0 else None
