"""The health of every model and version that the viewer may see, as one small table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.catalog import HEADLINE
from analytics.core import Result, Verdict
from analytics.errors import TelltaleError
from analytics.words import SHAPES, WORDS, unit_of, write_half_width, write_moment, write_value
from app.cache import at_hand, desk
from app.questions import Asked
from app.settings import settings_in_force
from app.state.incidents import Case, list_cases
from app.state.monitors import last_runs
from app.widgets.empty_state import Waiting
from app.widgets.view import visible_models

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.query.groups import Group
    from app.widgets.view import View

MOST_MODELS = 30


def draw_health(view: View) -> None:
    """One row a model and version: rows, share labelled, main metric and verdict."""
    import pyarrow as pa

    rows: list[dict[str, Any]] = []
    olds: list[datetime] = []
    for model in visible_models(view.viewer)[:MOST_MODELS]:
        try:
            rows += _rows(view, model, olds)
        except TelltaleError as error:
            rows.append({"model": model, "verdict": error.what})
    st.subheader("Models and versions, over their whole logs", anchor=False)
    st.dataframe(
        pa.table({name: [row.get(name) for row in rows] for name in _names(rows)}),
        hide_index=True,
        key="health",
        alt=f"Health of {len(rows)} versions",
        column_config={"predictions": st.column_config.NumberColumn(format="localized")},
    )
    if olds:
        Waiting("Models").tell((desk().now() - min(olds)).total_seconds())


def _names(rows: list[dict[str, Any]]) -> list[str]:
    """The columns of some rows, in the order in which they come up."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _rows(view: View, model: str, olds: list[datetime]) -> list[dict[str, Any]]:
    """The rows of one model; ``olds`` gets of when they are, where newer ones wait."""
    known = at_hand("facts", model, Asked(), view.viewer)
    olds += filter(None, [known.as_of])
    schema = known.dataset.schema
    name = next((n for n in HEADLINE[schema.task] if schema.has("score") or "auc" not in n), None)
    results: list[Result] = []
    if name is not None:
        asked = Asked(names=(name,), by_version=True)
        numbers = at_hand("performance", model, asked, view.viewer)
        results = numbers.value
        olds += filter(None, [numbers.as_of])
    seen = {s.version: s for s in known.value.versions}
    told = _alerts(model)
    return [
        _row(model, r, seen) | {"alerts": say_alerts(told, r.version)}
        for r in results
        if "class" not in r.detail
    ] or [_silent_row(model, known.value.now) | {"alerts": say_alerts(told, None)}]


def _silent_row(model: str, rows: Group | None) -> dict[str, Any]:
    """A model without predictions has rows, and no number that could be judged."""
    dashes = dict.fromkeys(("metric", "value", "reference"), "–")
    zone = settings_in_force().text("display_zone")
    last = write_moment(rows.last, zone) if rows is not None and rows.last else "–"
    return {
        "model": model,
        "version": "all",
        "verdict": f"{SHAPES['undefined']} {WORDS['undefined']}",
        **dashes,
        "predictions": 0 if rows is None else rows.n,
        "labelled": "–",
        "last prediction": last,
    }


def _alerts(model: str) -> list[Case] | None:
    """The incidents of a model that last; None where no monitor has run."""
    database = desk().database
    if not last_runs(database, model):
        return None
    now = database.clock()
    cases = list_cases(database, [model])
    return [c for c in cases if not c.is_quiet and c.status(now) in ("open", "taken", "put off")]


def say_alerts(cases: list[Case] | None, version: str | None) -> str:
    """What alerts say of a version: those about it, and those about the whole model."""
    if cases is None:
        return "◌ not run yet"
    own = [c for c in cases if (c.found.facts.get("cause") or {}).get("version") in (None, version)]
    if not own:
        return "● none"
    worst: Verdict = "critical" if any(c.found.severity == "critical" for c in own) else "warning"
    return f"{SHAPES[worst]} {len(own)} open"


def _row(model: str, r: Result, seen: dict[str, Any]) -> dict[str, Any]:
    last = seen[r.version].last if r.version in seen else None
    value = f"{write_value(r.value, unit_of(r))} {write_half_width(r.low, r.high, unit_of(r))}"
    return {
        "model": model,
        "version": r.version or "all",
        "verdict": f"{SHAPES[r.verdict]} {WORDS[r.verdict]}",
        "metric": str(r.detail.get("label", r.name)),
        "value": value.strip(),
        "reference": write_value(r.detail.get("reference"), unit_of(r)),
        "predictions": r.n,
        "labelled": write_value((r.n_labelled or 0) / max(r.n, 1), "rate"),
        "last prediction": write_moment(last, settings_in_force().text("display_zone"))
        if last
        else "–",
    }
