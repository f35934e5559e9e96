"""Generators of labelled rows. The folder is the registry: generator `intents` is the package gencls/sources/intents.

A generator module has `generate(rows, *, noise, seed) -> {split: DataFrame}` with columns text and label, train also `clean_label` (the
truth where noise replaced the label), `ROWS`, the rows of a split where params.yaml does not say, and `DEFINITIONS`, one line per label.
"""

from importlib import import_module
from types import ModuleType

import pandas as pd

from gencls.params import BuiltinDataSet, Split


def read(spec: BuiltinDataSet, seed: int) -> dict[Split, pd.DataFrame]:
    """Generate every split; the same seed gives the same rows."""
    generator = _generator(spec)
    frames: dict[Split, pd.DataFrame] = generator.generate(spec.rows or generator.ROWS, noise=spec.noise, seed=seed)
    return frames


def definitions(spec: BuiltinDataSet) -> dict[str, str]:
    """One line per label, as the generator understands it."""
    lines: dict[str, str] = _generator(spec).DEFINITIONS
    return lines


def _generator(spec: BuiltinDataSet) -> ModuleType:
    return import_module(f"gencls.sources.{spec.generator}")
