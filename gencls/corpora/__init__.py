"""Corpora of (question, answer, reasoning) that a reasoner learns from.

| module | source |
|---|---|
| generated | small task families of this project (families, quoting) |
| tables | a jsonl file, a data set of the Hugging Face hub, or a local folder of the same format |

The two-stage paper's corpus (syvai/reasoning-gen, general, more than 350,000 rows) can be named as `hub`; its columns are not known here.
"""

from pathlib import Path
from typing import Any

from gencls.corpora.rows import CorpusError, Row, digest
from gencls.params import AnyCorpus, BuiltinCorpus, FilesCorpus

__all__ = ["CorpusError", "Row", "digest", "read"]


def read(spec: AnyCorpus, file: Path, tokenizer: Any, language: str, *, seed: int) -> list[Row]:
    """The rows of a corpus, and behind them those of the builtin one that are learnt besides.

    Args:
        file: where that of source `files` lies.
        tokenizer: of the base, whose words the builtin corpus is made of.
        language: of the data set, which the builtin corpus is in.

    Raises:
        CorpusError: the rows cannot be read, or are not those that `spec.sha256` names.
    """
    if isinstance(spec, BuiltinCorpus):
        return _builtin(spec.rows, tokenizer, language, seed)
    from gencls.corpora import tables

    rows = tables.from_file(spec, file) if isinstance(spec, FilesCorpus) else tables.from_hub(spec)
    if isinstance(spec, FilesCorpus) and digest(rows) != spec.sha256:
        raise CorpusError(
            f"{file}: the rows are not those that reasoner.corpus.sha256 names; if these are meant, write their digest there\n"
            f"  expected {spec.sha256}\n  read     {digest(rows)}"
        )
    return [*rows, *_builtin(spec.builtin, tokenizer, language, seed)]


def _builtin(count: int, tokenizer: Any, language: str, seed: int) -> list[Row]:
    from gencls.corpora import generated

    return generated.generate(count, tokenizer, language, seed=seed) if count else []
