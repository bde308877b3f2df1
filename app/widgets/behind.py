"""What stands behind the numbers: curves beside the reference, classes, and how labels arrive."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Condition, Result
from analytics.query.cells import segment_text
from analytics.words import SHAPES, WORDS, unit_of, write_count, write_half_width, write_value
from app.auth import guarded
from app.charts import SCORES, bars_chart, behind_charts, delay_chart
from app.charts.style import SPLIT
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty
from app.widgets.slice_click import (
    Way,
    draw_ranged,
    draw_sliced,
    result_way,
    row_clicks,
    segment_way,
)
from app.widgets.slice_link import draw_slice_menu, inside_chosen
from app.widgets.tables import reading_columns

if TYPE_CHECKING:
    from analytics.evaluate.behind import Behind
    from analytics.needs import Confusion
    from app.widgets.view import View

MIN_CHART_PX = 320
MOST_CELLS = 12


def draw_behind(view: View) -> None:
    """The curves that the task has, two a row."""
    if not view.has_labels:
        draw_empty(
            "No labels for this window.",
            "Curves compare scores with labels; import labels, or choose an earlier window.",
        )
        return
    what = f"behind:{_pick_class(view)}" if view.dataset.schema.task == "multiclass" else "behind"
    found: Behind = view.ask(what, "Drawing the curves")
    charts = behind_charts(found, view.dataset.schema, st.session_state.get("pick_class"))
    with st.grid(2, min_column_width=MIN_CHART_PX):
        for title, chart in charts:
            with st.container(border=True, height="stretch"):
                confusion = found.current.confusion
                if title == SCORES and view.dataset.schema.task == "binary":
                    st.subheader(title, anchor=False)
                    draw_ranged(view, chart, f"behind_{title}", "score")
                elif not title.startswith("Confusion"):
                    draw_chart(chart, f"behind_{title}", title=title)
                elif confusion is not None:
                    draw_sliced(view, chart, f"behind_{title}", _way_to_cell, title=title)
                    cells = partial(_cells, confusion)
                    draw_slice_menu(view, "Open a cell's rows", cells, "confusion_slices")


def _way_to_cell(mark: str) -> Way | None:
    truth, said = mark.split(SPLIT)
    return segment_way(
        segment_text([Condition("label", "=", truth), Condition("prediction", "=", said)])
    )


def _cells(confusion: Confusion) -> list[tuple[str, str]]:
    """The cells off the diagonal as slices, the fullest first."""
    places = [
        (float(confusion.counts[i, j]), truth, said)
        for i, truth in enumerate(confusion.classes)
        for j, said in enumerate(confusion.classes)
        if i != j and confusion.counts[i, j] > 0
    ]
    found = []
    for count, truth, said in sorted(places, reverse=True)[:MOST_CELLS]:
        text = segment_text([Condition("label", "=", truth), Condition("prediction", "=", said)])
        words = f"{truth} taken for {said}: {write_count(round(count))}"
        found.append((words, inside_chosen(text)))
    return found


def _pick_class(view: View) -> str:
    classes = list(view.dataset.schema.classes)
    chosen = st.query_params.get("class")
    chosen = chosen if chosen in classes else classes[0]
    if st.session_state.get("pick_class") != chosen:
        st.session_state.pick_class = chosen
    st.selectbox("Class for the curves", classes, key="pick_class", on_change=_on_class, width=220)
    return chosen


@guarded("view")
def _on_class() -> None:
    st.query_params["class"] = st.session_state.pick_class


def draw_classes(view: View) -> None:
    """Precision, recall and F1 of every class, the weakest first."""
    import pandas as pd

    results: list[Result] = view.ask(
        "performance", "Comparing classes", names=("precision", "recall", "f1")
    )
    by_class: dict[str, dict[str, Result]] = {}
    for r in results:
        if "class" in r.detail:
            by_class.setdefault(str(r.detail["class"]), {})[r.name] = r
    ranked = sorted(by_class, key=lambda c: _value(by_class[c], "f1"))
    rows = [_class_row(name, by_class[name]) for name in ranked]
    names = ("precision", "recall", "f1", "verdict")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="classes",
        column_config=reading_columns({n: n for n in names}),
        alt="Metrics by class",
        **row_clicks(
            view, "classes", [result_way(next(iter(by_class[n].values()))) for n in ranked]
        ),
    )
    entries = [
        (f"rows of class {name}", inside_chosen(segment_text([Condition("label", "=", name)])))
        for name in ranked[:MOST_CELLS]
    ]
    draw_slice_menu(view, "Open a class", lambda: entries, "class_slices")


def _value(found: dict[str, Result], name: str) -> float:
    value = found[name].value if name in found else None
    return 2.0 if value is None else value


def _class_row(name: str, found: dict[str, Result]) -> dict[str, str]:
    row = {"class": name}
    for metric, r in found.items():
        width = write_half_width(r.low, r.high, unit_of(r))
        row[metric] = f"{write_value(r.value, unit_of(r))} {width}"
    worst = max(
        found.values(), key=lambda r: ("ok", "undefined", "warning", "critical").index(r.verdict)
    )
    row["verdict"] = f"{SHAPES[worst.verdict]} {WORDS[worst.verdict]}"
    return row


def draw_labels(view: View, series: Sequence[Result]) -> None:
    """How many labels each period has, and how long they take."""
    left, right = st.columns(2, gap="small")
    known = [r for r in series if r.n_labelled is not None]
    with left, st.container(border=True, height="stretch"):
        x = [r.window.start or r.window.first_row for r in known]
        share = [100.0 * (r.n_labelled or 0) / max(r.n, 1) for r in known]
        if known:
            draw_chart(
                bars_chart(x, share, word="% labelled", unit="%"),
                "coverage",
                title="Share labelled",
            )
        else:
            draw_empty("No periods to show.", "Choose a longer window.")
    with right, st.container(border=True, height="stretch"):
        (days, shares), delay = view.ask("delays", "Measuring how labels arrive")
        if not days:
            draw_empty(
                "It is not known when labels arrived.",
                "Import labels with a label_time column to see how long they take.",
            )
            return
        marks = {} if delay is None else {
            f"half after {_days(delay.median_s)}": delay.median_s / 86400,
            f"98 % after {_days(delay.p98_s)}": delay.p98_s / 86400,
        }  # fmt: skip
        draw_chart(delay_chart(days, shares, marks), "delays", title="How long labels take")


def _days(seconds: float) -> str:
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 86400:.1f} days"
