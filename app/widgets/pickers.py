"""The sidebar: model, version, window, what it is compared with, segment. All of it in the URL.

The URL is the one truth: widgets are set from it before they are drawn, and write to it when
they change, so links, the back button and page changes all show the same state.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded
from app.auth.viewer import Viewer
from app.cache import dataset_of, desk
from app.questions import build_question, clock, parse_window
from app.session import KEYS, Selection, format_window
from app.widgets.problem import plain
from app.widgets.view import (
    asked_of,
    default_window,
    fetch,
    read_selection,
    selected_model,
    visible_models,
)

if TYPE_CHECKING:
    from analytics.core import Dataset

RELATIVE = ("7d", "30d", "90d", "all")
DATES = "dates"
MOST_BUTTONS = 4  # versions beyond this many become a list
REFERENCES = {"imported": "Imported reference", "previous": "Previous period", "none": "Nothing"}


def draw_pickers(viewer: Viewer) -> None:
    """The sidebar's choices for the model that is looked at."""
    models = visible_models(viewer)
    model = selected_model(viewer)
    if not models or model is None:
        return
    if model not in models:
        models = [model, *models]
    _set("model", model)
    st.selectbox("Model", models, key="pick_model", on_change=_on_model)
    try:
        dataset = dataset_of(model, viewer)
        selection = read_selection(model, default_window(dataset))
        _draw_version(viewer, dataset, selection)
        if dataset.first_event is not None:
            _draw_window(dataset, selection)
        else:
            _draw_rows(selection)
        _draw_reference(viewer, dataset, selection)
        _draw_segment(dataset, selection)
    except TelltaleError as error:
        st.caption(f"▲ {plain(error.what)}")


def _set(name: str, value: object) -> None:
    if st.session_state.get(f"pick_{name}") != value:
        st.session_state[f"pick_{name}"] = value


@guarded("view")
def _write(**changes: str | None) -> None:
    """Put choices into the URL; None takes one out."""
    for name, value in changes.items():
        if value:
            st.query_params[KEYS[name]] = value
        elif KEYS[name] in st.query_params:
            del st.query_params[KEYS[name]]


def _on_model() -> None:
    """Another model: what belongs to the old one is let go."""
    gone = {"version": None, "window": None, "reference": None, "segment": None, "as_of": None}
    _write(model=st.session_state.pick_model, **gone)
    for key in ("column", "class", "metric", "every"):
        if key in st.query_params:
            del st.query_params[key]


def _draw_version(viewer: Viewer, dataset: Dataset, selection: Selection) -> None:
    names = _versions(viewer, dataset)
    if len(names) < 2 and selection.version is None:
        return
    options = ["all", *names]
    chosen = selection.version or "all"
    if chosen not in options:
        options.append(chosen)
    _set("version", chosen)
    if len(options) <= MOST_BUTTONS + 1 and sum(map(len, options)) < 26:
        st.segmented_control(
            "Version", options, key="pick_version", on_change=_on_version, required=True
        )
    else:
        st.selectbox("Version", options, key="pick_version", on_change=_on_version)


def _versions(viewer: Viewer, dataset: Dataset) -> list[str]:
    asked = asked_of(read_selection(dataset.model, default_window(dataset)), dataset)
    try:
        found = fetch(viewer, dataset.model, "facts", asked, f"Opening {dataset.model}")
    except TelltaleError:  # the page says what is wrong with the question
        return []
    return [seen.version for seen in found.value.versions]


def _on_version() -> None:
    chosen = st.session_state.pick_version
    _write(version=None if chosen in (None, "all") else chosen)


def _draw_window(dataset: Dataset, selection: Selection) -> None:
    is_fixed = selection.window not in RELATIVE or selection.as_of is not None
    if is_fixed or st.session_state.get("pick_window") != DATES:
        _set("window", DATES if is_fixed else selection.window)
    st.segmented_control(
        "Window", [*RELATIVE, DATES], key="pick_window", on_change=_on_window, required=True
    )
    if st.session_state.pick_window != DATES:
        return
    span = _span(dataset, selection)
    if is_fixed or "pick_dates" not in st.session_state:
        _set("dates", span)
    st.date_input(
        "From and to (UTC, both included)",
        key="pick_dates",
        on_change=_on_dates,
        format="YYYY-MM-DD",
        max_value=None,
    )
    _set("as_of", "" if selection.as_of is None else selection.as_of.isoformat(" "))
    st.text_input(
        "As known on (UTC)",
        key="pick_as_of",
        on_change=_on_as_of,
        placeholder="now",
        help="A date or time: later predictions and labels are left out, as if it were then.",
    )


def _on_as_of() -> None:
    _write(as_of=st.session_state.pick_as_of.strip() or None)


def _draw_rows(selection: Selection) -> None:
    """A log without times is windowed by rows, in file order."""
    is_rows = selection.window.endswith("rows")
    _set("rows", selection.window.removesuffix("rows") if is_rows else "")
    st.text_input(
        "Rows",
        key="pick_rows",
        on_change=_on_rows,
        placeholder="all, or 0..4999",
        help="This log has no times: rows are counted from 0 in file order, both ends included.",
    )


def _on_rows() -> None:
    text = st.session_state.pick_rows.strip()
    _write(window=f"{text}rows" if text else None)


def _span(dataset: Dataset, selection: Selection) -> tuple[date, date]:
    window = parse_window(selection.window, clock(dataset, desk().now()))
    start, end = window.start or dataset.first_event, window.end or dataset.last_event
    assert start is not None and end is not None
    return start.date(), (end - timedelta(microseconds=1)).date()


def _on_window() -> None:
    chosen = st.session_state.pick_window
    if chosen and chosen != DATES:
        _write(window=chosen, as_of=None)


def _on_dates() -> None:
    span = st.session_state.pick_dates
    if isinstance(span, tuple) and len(span) == 2:
        _write(window=f"{span[0].isoformat()}..{(span[1] + timedelta(days=1)).isoformat()}")


def _draw_reference(viewer: Viewer, dataset: Dataset, selection: Selection) -> None:
    has_imported = bool(dataset.log("predictions", "reference").parts)
    options = (["imported"] if has_imported else []) + ["previous"]
    versions = _versions(viewer, dataset)
    if len(versions) > 1:
        options += [f"version:{v}" for v in versions if v != selection.version]
    options += ["none"]
    chosen = selection.reference or ("imported" if has_imported else "none")
    if chosen not in options:
        options.append(chosen)
    _set("reference", chosen)
    st.selectbox(
        "Compare with",
        options,
        key="pick_reference",
        on_change=_on_reference,
        format_func=_say_reference,
        accept_new_options=True,
        help="Or write two dates with two dots between them, such as 2013-01-01..2013-04-01.",
    )


def _say_reference(option: str) -> str:
    if option.startswith("version:"):
        return f"Version {option[8:]}"
    return REFERENCES.get(option, option.replace("..", " to "))


def _on_reference() -> None:
    _write(reference=st.session_state.pick_reference)


def _draw_segment(dataset: Dataset, selection: Selection) -> None:
    _set("segment", selection.segment or "")
    st.text_input(
        "Segment",
        key="pick_segment",
        on_change=_on_segment,
        placeholder=_example(dataset),
        help="Conditions joined by AND: =, !=, <, <=, >, >=, in (…), is null. Texts in quotes.",
    )
    if selection.segment:
        try:
            build_question(dataset, asked_of(selection, dataset), clock(dataset, desk().now()))
        except TelltaleError as error:
            st.caption(f"▲ {plain(error.what)} {plain(error.do)}")


def _example(dataset: Dataset) -> str:
    texts = [c for c in dataset.schema.features if c.type == "categorical"]
    numbers = [c for c in dataset.schema.features if c.type == "numeric"]
    if texts and numbers:
        return f"{texts[0].name} = '…' AND {numbers[0].name} >= 10"
    return f"{numbers[0].name} >= 10" if numbers else "column = 'value'"


def _on_segment() -> None:
    _write(segment=st.session_state.pick_segment.strip() or None)


@guarded("view")
def zoom_to(start: datetime, end: datetime) -> None:
    """Set the window to a span that somebody drew in a chart."""
    _write(window=format_window(start, end))
