"""What the page Explore asks for: rows, one prediction, files; each with its right and audit row."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.cache import dataset_of, desk, shelf
from app.questions import Asked, build_question, clock

if TYPE_CHECKING:
    from analytics.query.explore import Listing, Page, Prediction
    from app.auth.viewer import Viewer

Format = Literal["csv", "parquet"]


def list_rows(viewer: Viewer, model: str, asked: Asked, listing: Listing) -> Page:
    """One page of rows; AccessDenied without the right to explore the model."""
    from analytics.query.explore import page_rows

    viewer.check("explore", model)
    dataset = dataset_of(model, viewer)
    question = build_question(
        dataset, replace(asked, reference="none"), clock(dataset, desk().now())
    )
    key = ("rows", model, dataset.fingerprint, question.scope, listing)
    found: Page = shelf().get(
        key, lambda cancel: page_rows(desk().engine.under(cancel), dataset, question.scope, listing)
    )
    return found


def open_one(
    viewer: Viewer, model: str, prediction_id: str, *, is_again: bool = False
) -> Prediction:
    """One prediction, with an audit row that says who opened it; none when it is only drawn again."""
    from analytics.query.explore import open_prediction

    viewer.check("explore", model)
    found = open_prediction(desk().engine, dataset_of(model, viewer), prediction_id)
    if not is_again:
        with desk().database.write(viewer.user) as write:
            write.audit("open", "prediction", f"{model}/{prediction_id}")
    return found


def export_file(viewer: Viewer, model: str, asked: Asked, kind: Format) -> bytes:
    """The rows of the selection as one file, with an audit row; AccessDenied without the right."""
    from analytics.query.explore import export_rows

    viewer.check("export", model)
    dataset = dataset_of(model, viewer)
    question = build_question(
        dataset, replace(asked, reference="none"), clock(dataset, desk().now())
    )
    folder = Path(desk().settings.home) / "exports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"{secrets.token_hex(8)}.{kind}"
    try:
        n = export_rows(desk().engine, dataset, question.scope, target, kind)
        with desk().database.write(viewer.user) as write:
            write.audit("export", "model", model, n_rows=n, format=kind, segment=asked.segment)
        return target.read_bytes()
    finally:
        target.unlink(missing_ok=True)
