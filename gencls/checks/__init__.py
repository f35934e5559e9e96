"""Checks of a data set before anything is trained on it: frames in, findings out.

Each check is one expectation of Great Expectations (`expectations.py`). What a single cell cannot tell (is this text also in another
split? how many rows has this class?) is made a column first (`frames.py`), so that an expectation can be put on it.
"""

from gencls.checks.findings import Expected, Finding, Validation
from gencls.checks.run import validate

__all__ = ["Expected", "Finding", "Validation", "validate"]
