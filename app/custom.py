"""Metrics of a model's own: checked against the log before they are kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analytics.core import CustomMetric
from analytics.errors import UsageError
from app.auth.viewer import Viewer
from app.state.models import drop_custom, save_custom

if TYPE_CHECKING:
    from app.ask import Desk

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def keep_metric(desk: Desk, viewer: Viewer, model: str, metric: CustomMetric) -> None:
    """Add or replace a metric; AccessDenied without the right to change the model's settings.

    It is tried on the log first: an expression that the engine cannot work out is not kept.
    """
    from analytics.catalog import all_metrics, metrics_for
    from analytics.core import Scope
    from analytics.query.custom import AGGREGATES, moments

    viewer.check("configure", model)
    dataset = desk.dataset(model)
    taken = {m.name for m in all_metrics()} | set(metrics_for(dataset.schema.task))
    if not NAME.fullmatch(metric.name) or metric.name in taken:
        raise UsageError(
            f"{metric.name!r} cannot be the name of a metric.",
            "It is taken."
            if metric.name in taken
            else "A name is a small letter, then letters, digits and underscores, 40 at most.",
            "Choose another, such as late_and_wrong.",
        )
    if metric.aggregate not in AGGREGATES:
        raise UsageError(
            f"There is no aggregate {metric.aggregate!r}.",
            "",
            f"Choose of: {', '.join(AGGREGATES)}.",
        )
    if metric.better not in ("higher", "lower", "zero", "neither"):
        raise UsageError(
            f"{metric.better!r} is no direction.", "", "Choose higher, lower, zero or neither."
        )
    moments(desk.engine, dataset, Scope(), metric)
    with desk.database.write(viewer.user) as write:
        save_custom(write, model, metric)


def forget_metric(desk: Desk, viewer: Viewer, model: str, name: str) -> None:
    """Take a metric away; AccessDenied without the right to change the model's settings."""
    viewer.check("configure", model)
    with desk.database.write(viewer.user) as write:
        drop_custom(write, model, name)
