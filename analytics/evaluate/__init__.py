"""From a question to Results: one query for each distinct need, however many metrics share it."""

from typing import TYPE_CHECKING, Any

from analytics.evaluate.drift import drift
from analytics.evaluate.performance import performance
from analytics.evaluate.quality import quality
from analytics.evaluate.serving import serving
from analytics.evaluate.slices import slices

if TYPE_CHECKING:
    from analytics.evaluate.compare import compare_sides

__all__ = ["compare_sides", "drift", "performance", "quality", "serving", "slices"]


def __getattr__(name: str) -> Any:
    """Compare comes when it is asked for: it brings a quarter of this room's modules."""
    if name == "compare_sides":
        from analytics.evaluate.compare import compare_sides

        return compare_sides
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
