"""gencls: labelled text in, a generative classifier out. The library behind the stages; nothing happens on import.

`from gencls import Classifier` loads a finished model; torch comes with that name and not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gencls.classifier import Classifier, Prediction

__all__ = ["Classifier", "Prediction"]


def __getattr__(name: str) -> Any:
    """What `__all__` names, imported when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("gencls.classifier"), name)
