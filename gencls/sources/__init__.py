"""Where rows come from: `read` turns a data set of params.yaml into `{split: DataFrame(id, text, label)}`.

| module | source |
|---|---|
| builtin | generators of this project, one package each (intents, relevance, taxonomy) |
| files | csv, tsv, jsonl and parquet on disk; also what was fetched from a git repository |
| hub | a data set of the Hugging Face hub, or a local folder of the same format |
| naming | names for labels that are numbers or codes there |

A null text or label means that the source has none, or nothing but white space: whether that is acceptable is for the validate stage.
Rows that cannot be read at all raise `SourceError`.
"""

from pathlib import Path

import pandas as pd

from gencls.params import AnyDataSet, BuiltinDataSet, HubDataSet, Split
from gencls.sources import builtin, files
from gencls.sources.naming import named
from gencls.sources.rows import SourceError, Unreachable, check_digests, with_ids

__all__ = ["SourceError", "Unreachable", "read"]


def read(spec: AnyDataSet, folder: Path, *, seed: int) -> dict[Split, pd.DataFrame]:
    """Every split of a data set; `folder` is where the files of `spec` lie, if it has any.

    Raises:
        SourceError: the rows cannot be read or are not those that `spec.sha256` names; `Unreachable` where a network is missing.
    """
    if isinstance(spec, BuiltinDataSet):
        return with_ids(builtin.read(spec, seed))
    if isinstance(spec, HubDataSet):
        from gencls.sources import hub  # imports `datasets`, which no other source needs

        frames = hub.read(spec)
    else:
        frames = files.read(spec, folder, seed=seed)
    frames = named(frames, spec)
    check_digests(frames, spec.sha256)
    return with_ids(frames)
