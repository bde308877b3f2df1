"""Rows as a table, and one of them on a panel: what was said, what was true, how its features stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from analytics.errors import AccessDenied, TelltaleError
from analytics.words import write_count, write_moment, write_value
from app.explore import open_one
from app.settings import settings_in_force
from app.widgets.comment import draw_comment
from app.widgets.header import link_of
from app.widgets.label.item import draw_label_link
from app.widgets.problem import plain, problem
from app.widgets.slice_link import (
    SEGMENT,
    draw_slice_menu,
    is_sliced,
    link_to_slice,
    value_slices,
)
from app.widgets.tables import data_table
from app.widgets.what_if import draw_what_if

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.core import Dataset
    from analytics.query.explore import FeaturePlace, Only, Page, Prediction
    from app.widgets.view import View

MOST_ALIKE = 8
RARE = 0.01  # a value in the outer hundredth of the reference, or one that few rows share
FEW = 8  # rows that leave no empty lines in a table as high as they are
HEIGHT, HEIGHT_BESIDE = 420, 340  # with a prediction open, a phone shows its head below the rows
LAST = ("latency_ms", "status", "error_type", "error_message")
FIRST = ("prediction_id", "timestamp", "model_version", "prediction", "score", "label")


def row_filters(dataset: Dataset) -> dict[Only, str]:
    """The rows that can be listed, with their names for this model's task."""
    is_number = dataset.schema.task == "regression"
    return {
        "all": "All rows",
        "wrong": "Off by more than the median" if is_number else "Wrong",
        "unlabelled": "Without label",
        "errors": "Errors",
    }


def forget_other_model(model: str) -> None:
    """Another model than before: its page begins at the first row, with nothing open."""
    if st.session_state.setdefault("explored", model) != model:
        st.session_state.explored = model
        st.session_state.pop("page", None)
        st.query_params.pop("id", None)


def ordered(found: Page) -> list[str]:
    """The columns in the order of reading; the ones of errors only where an error is shown."""
    blank = {
        name
        for i, name in enumerate(found.columns)
        if name.startswith("error_") and all(row[i] is None for row in found.rows)
    }
    first = [name for name in FIRST if name in found.columns]
    errors = [n for n in LAST if n.startswith("error_") and n in found.columns and n not in blank]
    last = [name for name in LAST if name in found.columns and not name.startswith("error_")]
    middle = [n for n in found.columns if n not in (*FIRST, *LAST)]
    return [*first, *errors, *middle, *last]


def draw_rows(
    found: Page, key: str, pick: Callable[[str, list[str]], None], opened: str | None
) -> None:
    """A page of rows; the opened one is ticked, and ``pick`` hears of another tick."""
    import pandas as pd

    ids = [str(row[0]) for row in found.rows]
    chosen = [ids.index(opened)] if opened in ids else []
    times = st.column_config.DatetimeColumn("timestamp (UTC)", format="YYYY-MM-DD HH:mm:ss")
    st.dataframe(
        pd.DataFrame(found.rows, columns=list(found.columns)),
        hide_index=True,
        column_order=ordered(found),
        column_config={"timestamp": times},
        key=key,
        on_select=lambda: pick(key, ids),
        selection_mode="single-row",
        selection_default={"selection": {"rows": chosen}},
        height="auto" if len(ids) <= FEW else HEIGHT_BESIDE if opened else HEIGHT,
        placeholder="–",
        alt=f"{len(ids)} rows of the log",
    )
    segment = st.query_params.get(SEGMENT)
    if segment:
        link_to_slice(segment, "These rows as a slice, beside the rest")


def draw_opened(view: View, prediction_id: str, close: Callable[[], None]) -> None:
    """The prediction of the link, or why there is none to show; with a link to pass on."""
    opened = (view.model, prediction_id)
    with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
        st.subheader(plain(prediction_id), anchor=False, width="stretch")
        with st.popover("Link to this row"):
            st.caption("This prediction, for everybody who may explore the model.")
            link = f"{link_of(view)}&{urlencode({'id': prediction_id})}"
            st.code(link, language=None, wrap_lines=True)
        draw_comment("prediction", prediction_id, view.model)
        draw_label_link(view, prediction_id)
        st.button("Close", key="close_prediction", on_click=close)
    try:
        is_again = st.session_state.get("opened") == opened
        found = open_one(view.viewer, view.model, prediction_id, is_again=is_again)
    except AccessDenied:
        raise
    except TelltaleError as error:
        problem(error)
        return
    st.session_state.opened = opened
    draw_prediction(view.dataset, known(found, view.selection.as_of))
    draw_slice_menu(view, "Rows like this one", partial(_alike, view, found), "alike_slices")
    draw_what_if(view, found)


def _alike(view: View, found: Prediction) -> list[tuple[str, str]]:
    """The slices that this row lies in, by its most unusual features."""
    places = sorted(found.places, key=lambda p: -strangeness(p))[:MOST_ALIKE]
    texts = [value_slices(view, p.column.name, p.value) for p in places if is_sliced(p.column)]
    return [(text.replace(" AND ", " and "), text) for text in texts if text]


def known(found: Prediction, as_of: datetime | None) -> Prediction:
    """The prediction as it was known then: without labels that came later."""
    if as_of is None:
        return found
    labels = [row for row in found.labels if not row.get("known_at") or row["known_at"] <= as_of]
    return replace(found, labels=labels)


def draw_prediction(dataset: Dataset, found: Prediction) -> None:
    """Everything that is known of one prediction."""
    row = found.row
    facts = _facts(row)
    if facts:
        st.caption(" · ".join(map(plain, facts)))
    said, truth = st.columns(2)
    said.markdown(f"**{plain(_said(row))}**  \n:gray[what the model said]")
    label = settled(found.labels, dataset.label_precedence)
    true = "not known yet" if label is None else _text(label)
    truth.markdown(f"**{plain(true)}**  \n:gray[what was true]")
    if row.get("error_type") or row.get("error_message"):
        what = plain(str(row.get("error_type") or "Error"))
        st.markdown(f"▲ **{what}** {plain(str(row.get('error_message') or ''))}")
    places = sorted(found.places, key=lambda p: -strangeness(p))
    if places:
        _draw_features(places)
    if found.labels:
        st.markdown("**Labels**  \n:gray[every one that arrived, in order]")
        names = [n for n in found.labels[0] if any(label[n] is not None for label in found.labels)]
        data_table({n: [_text(label[n]) for label in found.labels] for n in names}, key="labels")


def _draw_features(places: Sequence[FeaturePlace]) -> None:
    n = max(p.n for p in places)
    against = f"beside {write_count(n)} reference rows, the most unusual first"
    st.markdown(f"**Features**  \n:gray[{against if n else 'no reference was imported'}]")
    columns = {
        "feature": [p.column.name for p in places],
        "value": [_text(p.value) for p in places],
    }
    if n:
        columns["in the reference"] = [_place(p) for p in places]
    data_table(columns, key="features")


def settled(labels: Sequence[Mapping[str, Any]], precedence: Sequence[str]) -> Any:
    """The label that counts: by source, then the latest known; None where none does.

    Rows that people chose to label because they were hard (a queue without a probability) are
    corrections and do not count.
    """

    def rank(label: Mapping[str, Any]) -> tuple[int, str, str]:
        source = label.get("source")
        order = -precedence.index(source) if source in precedence else -len(precedence)
        return order, str(label.get("known_at") or ""), str(label.get("received_at") or "")

    counting = [
        label
        for label in labels
        if label.get("label") is not None
        and (label.get("queue") is None or (label.get("sampling_p") or 0) > 0)
    ]
    return max(counting, key=rank)["label"] if counting else None


def _facts(row: Mapping[str, Any]) -> list[str]:
    facts = []
    if row.get("timestamp"):
        facts.append(write_moment(row["timestamp"], settings_in_force().text("display_zone")))
    if row.get("model_version"):
        facts.append(f"version {row['model_version']}")
    if row.get("latency_ms") is not None:
        facts.append(f"{write_value(float(row['latency_ms']))} ms")
    if row.get("status"):
        facts.append(str(row["status"]))
    return facts


def _said(row: Mapping[str, Any]) -> str:
    value = row.get("prediction")
    score = row.get("score", row.get(f"score_{value}"))
    said = "nothing" if value is None else _text(value)
    return f"{said} (score {write_value(float(score), 'score')})" if score is not None else said


def is_blank(value: Any) -> bool:
    """NULL or NaN."""
    return value is None or value != value


def strangeness(place: FeaturePlace) -> float:
    """How far out a value stands: 1 was never seen or is beyond every reference value, 0 usual."""
    if is_blank(place.value) or place.n == 0:
        return 0.0
    if place.share_below is not None:
        return abs(2 * place.share_below - 1)
    return 1.0 - (place.share_same or 0.0) if (place.share_same or 0.0) < RARE else 0.0


def _place(place: FeaturePlace) -> str:
    if is_blank(place.value):
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
    if is_blank(value):
        return "–"
    if isinstance(value, datetime):
        return write_moment(value, settings_in_force().text("display_zone"))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return write_value(value) if isinstance(value, float) else str(value)
