"""The side of a comparison that a bundle carries: how the model answered validation, and what the training texts show.

validation.parquet   a row per validation row (`gencls.drift.reading.COLUMNS`), without its text
known.json           characters and frequent tokens of the training texts (`gencls.drift.reading.Known`)
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gencls.bundle import BundleError
from gencls.drift.reading import COLUMNS, Known

VALIDATION = "validation.parquet"
KNOWN = "known.json"


@dataclass(frozen=True)
class Reference:
    """Against which new rows are compared."""

    known: Known
    validation: pd.DataFrame

    def write(self, folder: Path) -> None:
        """Into the folder of a bundle; the same rows give the same bytes."""
        content = json.dumps(self.known.model_dump(), ensure_ascii=False, indent=0)
        (folder / KNOWN).write_text(content + "\n", encoding="utf-8", newline="\n")
        self.validation.to_parquet(folder / VALIDATION, index=False)

    @classmethod
    def read(cls, folder: Path) -> "Reference":
        """The inverse of `write`.

        Raises:
            BundleError: the bundle has none, as those that were made before it was carried, or it is damaged.
        """
        for name in (KNOWN, VALIDATION):
            if not (folder / name).is_file():
                raise BundleError(f"{folder}: {name} is missing, with which new rows are compared; make the bundle again with `dvc repro`")
        try:
            known = Known.model_validate_json((folder / KNOWN).read_text(encoding="utf-8"))
            validation = pd.read_parquet(folder / VALIDATION)
        except (ValueError, OSError) as error:  # pydantic's and pyarrow's errors are ValueErrors
            raise BundleError(f"{folder}: {KNOWN} or {VALIDATION} is damaged: {error}") from None
        if tuple(validation.columns) != COLUMNS or validation.empty:
            raise BundleError(f"{folder / VALIDATION}: damaged: expected rows with the columns {', '.join(COLUMNS)}")
        return cls(known, validation)
