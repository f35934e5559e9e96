"""From results to the page: one HTML file without any other file, the same bytes for the same inputs."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from gencls.pages import template
from gencls.report import sentences, words
from gencls.report.reasoning import Reasoning
from gencls.report.results import Results
from gencls.report.rl import Cost


@dataclass(frozen=True)
class DataSet:
    """All that the page says about one data set."""

    name: str
    results: Results
    uncertain: list[str]
    """Inference strategies that offer the label Uncertain."""
    curves: dict[str, dict[str, pd.DataFrame]]
    """Stage → name → learning curve with a column `step`."""
    mining: dict[str, Any]
    """Summary of the mine stage."""
    mining_page: str
    """Link, relative to the report."""
    validation: dict[str, Any]
    """Record of the validate stage."""
    validation_page: str
    """Link, relative to the report."""
    definitions: dict[str, Any] | None
    """Of the define stage; None where no strategy of the grid shows them."""
    corrections: dict[str, Any] | None
    """What corrected training rows are worth to a linear model; None where none are corrected."""
    reasoning: Reasoning | None = None
    """None where no training strategy needs rationales."""
    rl: dict[str, Cost] = field(default_factory=dict)
    """RL model (`zero_shot/grpo`) → what it cost."""
    reasoned: list[str] = field(default_factory=list)
    """Strategies that reason before the label."""


@dataclass(frozen=True)
class Time:
    """What the cells of a stage took on this machine."""

    seconds: float
    timed: int
    """Cells whose time is known; the others came from the cache."""
    cells: int


@dataclass(frozen=True)
class Settings:
    """How to measure, and how much to show."""

    rows: int
    """Test rows listed per table."""
    bootstrap: int
    bins: int
    precision: float
    """Wanted of the answers that the threshold leaves."""
    seed: int


@dataclass(frozen=True)
class Page:
    """The whole report."""

    title: str
    sections: list[dict[str, Any]]
    """Per data set what the template needs (section.py)."""
    parameters: str
    """YAML."""
    times: dict[str, list[Time]]
    """Stage → time per data set."""
    versions: dict[str, str]
    bootstrap: int


def render(page: Page) -> str:
    """The page as HTML; everything that comes from data or parameters is escaped."""
    return template("gencls.report", words=words, sentences=sentences).render(page=page, sections=page.sections)
