"""One prediction on a panel: what was said, what was true, and how its features stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.words import write_count, write_moment, write_value
from app.widgets.problem import plain
from app.widgets.tables import data_table

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.explore import FeaturePlace, Prediction

RARE = 0.01  # a value in the outer hundredth of the reference, or one that few rows share


def draw_prediction(dataset: Dataset, found: Prediction) -> None:
    """The whole panel."""
    row = found.row
    st.subheader(f"Prediction {plain(str(row['prediction_id']))}", anchor=False)
    st.caption(" · ".join(_facts(row)))
    said, truth = st.columns(2)
    said.markdown(f"**{plain(_said(row))}**  \n:gray[what the model said]")
    truth.markdown(f"**{plain(_truth(found.labels))}**  \n:gray[what was true]")
    if row.get("error_message"):
        st.markdown(
            f"▲ {plain(str(row.get('error_type') or 'Error'))}: {plain(str(row['error_message']))}"
        )
    places = sorted(found.places, key=lambda p: -strangeness(p))
    n = max((p.n for p in places), default=0)
    against = f"beside {write_count(n)} reference rows" if n else "no reference was imported"
    st.markdown(f"**Features**  \n:gray[{against}, the most unusual first]")
    data_table(
        {
            "feature": [p.column.name for p in places],
            "value": [_text(p.value) for p in places],
            "in the reference": [_place(p) for p in places],
        },
        key="features",
    )
    if found.labels:
        st.markdown("**Labels**  \n:gray[every one that arrived, in order]")
        names = list(found.labels[0])
        data_table({n: [_text(label[n]) for label in found.labels] for n in names}, key="labels")
    del dataset


def _facts(row: dict[str, Any]) -> list[str]:
    facts = []
    if row.get("timestamp"):
        facts.append(write_moment(row["timestamp"]))
    if row.get("model_version"):
        facts.append(f"version {plain(str(row['model_version']))}")
    if row.get("latency_ms") is not None:
        facts.append(f"{write_value(float(row['latency_ms']))} ms")
    if row.get("status"):
        facts.append(plain(str(row["status"])))
    return facts


def _said(row: dict[str, Any]) -> str:
    value, score = row.get("prediction"), row.get("score")
    said = "nothing" if value is None else _text(value)
    return f"{said} (score {write_value(float(score), 'score')})" if score is not None else said


def _truth(labels: list[dict[str, Any]]) -> str:
    return _text(labels[-1]["label"]) if labels else "not known yet"


def strangeness(place: FeaturePlace) -> float:
    """How far out a value stands: 1 was never seen or is beyond every reference value, 0 usual."""
    if place.value is None or place.n == 0:
        return 0.0
    if place.share_below is not None:
        return abs(2 * place.share_below - 1)
    return 1.0 - (place.share_same or 0.0) if (place.share_same or 0.0) < RARE else 0.0


def _place(place: FeaturePlace) -> str:
    if place.value is None:
        return "missing"
    if place.n == 0:
        return "–"
    if place.share_below is not None:
        mark = "◆ " if not RARE / 2 <= place.share_below <= 1 - RARE / 2 else ""
        return f"{mark}above {write_value(place.share_below, 'rate')}"
    if not place.share_same:
        return "◆ never seen"
    return f"{write_value(place.share_same, 'rate')} of rows"


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return write_value(value) if isinstance(value, float) else str(value)
