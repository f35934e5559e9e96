"""What a data set and a corpus of the Hugging Face hub have in common."""

from pathlib import Path
from typing import Self

from pydantic import model_validator

from gencls.params.section import Section


class HubRows(Section):
    """Rows of the Hugging Face hub, or of a local folder of the same format."""

    id: str
    revision: str | None = None
    """Commit; required unless `id` is a local folder."""
    config: str | None = None

    @model_validator(mode="after")
    def _rows_are_pinned(self) -> Self:
        if self.revision is None and not Path(self.id).is_dir():
            raise ValueError(f"{self.id!r} is not a local folder, so it is a hub id and needs `revision`: the commit whose rows are meant")
        return self
