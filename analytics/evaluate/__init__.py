"""From a question to Results: one query for each distinct need, however many metrics share it."""

from analytics.evaluate.compare import compare_sides
from analytics.evaluate.drift import drift
from analytics.evaluate.performance import performance
from analytics.evaluate.quality import quality
from analytics.evaluate.serving import serving
from analytics.evaluate.slices import slices

__all__ = ["compare_sides", "drift", "performance", "quality", "serving", "slices"]
