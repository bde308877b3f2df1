"""What the page Why is made of: the metric, the steps of its change, its parts, where errors stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.findings.reason import Story
from analytics.words import unit_of, write_count, write_value
from app.auth import guarded
from app.charts import apart_chart, apart_columns, waterfall_chart
from app.charts.why import name_part, say_amount
from app.widgets.choices import pick_metric
from app.widgets.empty_state import draw_empty
from app.widgets.problem import plain
from app.widgets.slice_click import draw_sliced, row_clicks, segment_way
from app.widgets.slice_link import link_to_slice

if TYPE_CHECKING:
    from analytics.core import Result
    from app.widgets.view import View

TOGETHER = "columns together"
MOST_PARTS = 6
FIRST_COLUMNS = 4
MIN_CHART_PX = 320
ROLES = {"truth": "the truth itself", "version": "the version", "feature": ""}


def pick_explained(view: View) -> str | None:
    """The metric to explain; where the URL names one without parts, the nearest that has some."""
    from analytics.evaluate.why import decomposable, nearest

    known = decomposable(view.dataset)
    if not known:
        return None
    wanted = st.query_params.get("metric")
    return pick_metric(view, known, nearest(view.dataset, wanted) if wanted else None)


def say_instead(view: View, chosen: str) -> str:
    """Why the page speaks of another metric than the link, if it does."""
    from analytics.catalog import offered

    known, wanted = offered(view.dataset.schema), st.query_params.get("metric")
    if not wanted or wanted == chosen or wanted not in known:
        return ""
    names = (known[wanted].metric.label, known[chosen].metric.label)
    return (
        f"{names[0]} is no sum over rows, so its change has no parts. {names[1]} is the nearest"
        " metric that has some."
    )


def pick_column(story: Story) -> str | None:
    """The column that the change is split by; None for other rows against the same rows."""
    columns = story.columns("feature", "version", "truth")
    options = [TOGETHER, *columns]
    lead = story.lead_column()
    chosen = st.query_params.get("column")
    chosen = chosen if chosen in columns or chosen == TOGETHER else lead or TOGETHER
    if st.session_state.get("pick_split") != chosen:
        st.session_state.pick_split = chosen
    st.selectbox(
        "Split by", options, key="pick_split", on_change=_on_column, width=260,
        format_func=lambda name: _say_column(story, name),
    )  # fmt: skip
    return None if chosen == TOGETHER else chosen


def _say_column(story: Story, name: str) -> str:
    if name == TOGETHER:
        return "All columns together"
    role = story.role(name)
    said = f"{name} ({ROLES[role]})" if ROLES.get(role) else name
    share = max(story.explained(name), 0.0)
    return f"{said} · explains {100 * share:.0f} %" if share >= 0.005 else said


@guarded("explore")
def _on_column() -> None:
    st.query_params["column"] = st.session_state.pick_split


def draw_steps_of(view: View, story: Story, column: str | None) -> None:
    """The waterfall from before to now."""
    chart = waterfall_chart(story.results, column)
    late = story.part("maturity")
    note = " Rows are weighed as if labels that are still on their way had come." if late else ""
    draw_sliced(
        view,
        chart,
        "why_steps",
        title="From before to now",
        caption=f"Every bar begins where the last one ended; grey lines are 95 % intervals.{note}",
    )


def draw_parts(story: Story) -> None:
    """The parts that explain most, each with a link to the rows of its slice."""
    st.subheader("What explains most", anchor=False)
    parts = ranked_parts(story)[:MOST_PARTS]
    if not parts:
        draw_empty(
            "No slice moved it by more than its share.",
            "Whatever moved it did so everywhere: choose 'All columns together' under Split by.",
        )
        return
    for i, r in enumerate(parts):
        with st.container(key=f"part_{i}", gap=None):
            _draw_part(r)
    st.caption(
        "Ordered by what is a part's own: beyond its share of a common move and beyond chance."
    )


def ranked_parts(story: Story) -> list[Result]:
    """Parts with something of their own, what explains most first; the truth's where it leads."""
    sign = 1.0 if story.change >= 0 else -1.0
    lead = story.lead_column()
    with_truth = lead is not None and story.role(lead) == "truth"
    parts = [
        r
        for r in story.results
        if "score" in r.detail
        and sign * float(r.detail["score"]) > 0
        and (r.detail["role"] != "truth" or with_truth)
    ]
    return sorted(parts, key=lambda r: -sign * float(r.detail["score"]))


def _draw_part(r: Result) -> None:
    unit = unit_of(r)
    size, _, width = say_amount(float(r.value or 0.0), r.low, r.high, r).partition(" ")
    row = {"vertical_alignment": "center", "horizontal_alignment": "distribute"}
    with st.container(horizontal=True, gap="small", **row):  # type: ignore[arg-type]
        st.markdown(
            f"**{size}**{f' :gray[{width}]' if width else ''} {plain(name_part(r))}",
            width="stretch",
        )
        if r.segment:
            link_to_slice(str(r.segment))
    st.caption(plain(_say_cell(r, unit)))


def _say_cell(r: Result, unit: str) -> str:
    d = r.detail
    if d["part"] == "maturity":
        return "What it would be if all labels had had their time."
    base = str(d.get("base", "rows"))
    shares = (
        f"{write_value(d['share_now'], 'rate')} of {base}, before"
        f" {write_value(d['share_before'], 'rate')}"
    )
    own = f"on them {write_value(d['value_now'], unit)}, before {write_value(d['value_before'], unit)}"
    return f"{shares}; {own}; {write_count(r.n)} rows."


def draw_columns(story: Story) -> None:
    """Every column: what it explains, and the kinds of its parts."""
    import pandas as pd

    names = story.columns("feature", "version", "truth")
    unit = unit_of(story.total)
    table: dict[str, list[object]] = {
        "column": [*names],
        "explains": [100 * max(0.0, story.explained(name)) for name in names],
    }
    for kind in ("mix", "within", "missing", "unseen"):
        table[kind] = [_say_kind(story.part(kind, name)) for name in names]
    config = {
        "explains": st.column_config.ProgressColumn(
            min_value=0, max_value=100, format="%.0f %%",
            help="What its parts explain of their own, with chance taken off. Columns overlap.",
        ),
        "mix": st.column_config.Column(help="Other rows came."),
        "within": st.column_config.Column(help="Rows of the same kind have other numbers."),
        "missing": st.column_config.Column(help="The value is missing more or less often."),
        "unseen": st.column_config.Column(help="Values that the reference never had."),
    }  # fmt: skip
    st.dataframe(
        pd.DataFrame(table), hide_index=True, key="why_columns", column_config=config,
        alt=f"{len(names)} columns by what they explain",
    )  # fmt: skip
    st.caption(
        "Each line splits the whole change anew: columns overlap and do not add up. Values are in"
        f" {'points' if unit in ('share', 'rate') else 'the unit of the metric'}."
    )


def _say_kind(r: Result | None) -> str:
    if r is None or r.value is None:
        return ""
    return say_amount(r.value, r.low, r.high, r)


def draw_apart(view: View, story: Story) -> None:
    """The columns in which errors stand elsewhere than before, two charts a row."""
    columns = apart_columns(story.results)
    if not columns:
        draw_empty(
            "Errors stand where they stood before.",
            "No column sets them apart by more than chance, or this metric has no errors to show.",
        )
        return
    of = "errors" if columns[0][0].detail["of"] == "errors" else "the metric's sum"
    st.caption(f"Blue: share of {of} now. Grey: before. Mark: share of all rows now.")
    _draw_apart(view, columns[:FIRST_COLUMNS])
    if more := columns[FIRST_COLUMNS:]:
        words = f"{len(more)} more {'column' if len(more) == 1 else 'columns'}"
        with st.expander(words, key="apart_more", type="compact", on_change="rerun") as box:
            if box.open:
                _draw_apart(view, more)


def _draw_apart(view: View, columns: Sequence[Sequence[Result]]) -> None:
    with st.grid(2, min_column_width=MIN_CHART_PX):
        for cells in columns:
            with st.container(border=True, height="stretch"):
                name = str(cells[0].column)
                draw_sliced(view, apart_chart(cells), f"apart_{name}", title=name)


def draw_all(view: View, results: Sequence[Result]) -> None:
    """Every part of every column, as a table."""
    import pandas as pd

    parts = [r for r in results if r.detail["part"] != "apart"]
    unit = unit_of(parts[0])
    table = pd.DataFrame(
        {
            "part": [r.detail["part"] for r in parts],
            "column": [r.column or "" for r in parts],
            "slice": [r.detail.get("slice", "") for r in parts],
            "value": [_say_kind(r) for r in parts],
            "share now": [_rate(r.detail.get("share_now")) for r in parts],
            "share before": [_rate(r.detail.get("share_before")) for r in parts],
            "own now": [write_value(r.detail.get("value_now"), unit) for r in parts],
            "own before": [write_value(r.detail.get("value_before"), unit) for r in parts],
            "rows": [r.n for r in parts],
        }
    )
    st.dataframe(
        table, hide_index=True, key="all_parts", alt=f"{len(table)} parts",
        **row_clicks(view, "all_parts", [segment_way(r.segment) for r in parts]),
    )  # fmt: skip


def _rate(value: object) -> str:
    return "" if value is None else write_value(float(str(value)), "rate")
