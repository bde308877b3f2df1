"""From a question to Results: one query for each distinct need, however many metrics share it."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.evaluate.compare import compare_sides
    from analytics.evaluate.drift import drift
    from analytics.evaluate.performance import performance
    from analytics.evaluate.quality import quality
    from analytics.evaluate.serving import serving
    from analytics.evaluate.slices import slices

__all__ = ["compare_sides", "drift", "performance", "quality", "serving", "slices"]


class _Room(ModuleType):
    """Each question comes when it is asked for: who asks one does not load the others.

    A question has the name of its file; here the name stands for the question.
    """

    def __getattr__(self, name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        file = "compare" if name == "compare_sides" else name
        return getattr(import_module(f"{__name__}.{file}"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in __all__ and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Room
