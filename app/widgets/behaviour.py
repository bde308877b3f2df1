"""What the page Behaviour is made of: its cards, and one function for each panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from analytics.words import write_count, write_value
from app.auth import guarded
from app.charts import (
    confidence_chart,
    funnel_chart,
    hours_chart,
    retention_chart,
    say_gain,
    say_share,
    waits_chart,
    worth_chart,
)
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty, link_to
from app.widgets.metric_card import Card
from app.widgets.panels import Draw
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.evaluate.decisions import Worth
    from analytics.evaluate.panels import Funnel, Hours, Level, Levels, Seen
    from app.widgets.view import View

CARDS = ("active_users", "engagement", "acceptance", "over_reliance", "under_reliance")
SIMULATED_NOTE = "◆ **Simulated data**: the people and what they did are made up"
NOTHING = "No prediction was shown to anybody in this window."


def cards_of(whole: Sequence[Result], series: Sequence[Result]) -> list[Card]:
    """Acceptance never stands without how often it is wrong to accept and to override."""
    by_name = {r.name: r for r in whole}
    chosen = [by_name[name] for name in CARDS if name in by_name]
    return [(r, [s for s in series if s.name == r.name], "") for r in chosen]


def say_events(found: Seen) -> str:
    """What the numbers rest on; that it is simulated, where it is."""
    e = found.extent
    pieces = []
    if e.n and e.n_simulated:
        share = write_value(e.n_simulated / e.n, "rate")
        part = "" if e.n_simulated == e.n else f" ({share} of the events)"
        pieces.append(f"{SIMULATED_NOTE}{part}")
    pieces.append(f"{write_count(e.n)} events of {write_count(e.n_users)} people")
    if e.n_late:
        pieces.append(f"{write_count(e.n_late)} arrived late and count when they happened")
    if e.n_unlinked:
        pieces.append(f"{write_count(e.n_unlinked)} name a prediction that is not in the log yet")
    return " · ".join(pieces)


def draw_funnel(view: View) -> None:
    """Shown, opened, decided, outcome known."""
    found: Funnel | None = view.ask("behaviour:funnel", "Following predictions")
    if found is None:
        draw_empty(NOTHING, "Send prediction_shown events, or choose a longer window.")
        return
    caption = (
        f"± is half of the 95 % interval (Wilson). Opening is optional; {say_share(found.undecided)} of"
        " what was shown is undecided so far and is kept in every share."
    )
    draw_chart(funnel_chart(found), "behaviour_funnel", caption=caption)


def draw_waits(view: View) -> None:
    """How long people take."""
    found = view.ask("behaviour:waits", "Timing decisions")
    if found is None:
        draw_empty("Fewer than 30 predictions were shown.", "Choose a longer window.")
        return
    caption = (
        f"Kaplan-Meier with its 95 % band; n {write_count(found.n)}, of which"
        f" {write_count(found.n_undecided)} undecided ones count as waiting."
    )
    draw_chart(waits_chart(found), "behaviour_waits", caption=caption)


def draw_confidence(view: View) -> None:
    """The chart of automation bias."""
    found: Levels | None = view.ask("behaviour:confidence", "Cutting by confidence")
    chart = confidence_chart(found) if found is not None else None
    if chart is None:
        draw_empty(
            "No bin of confidence has 30 decisions.",
            "It needs a confidence on the events or a score in the log, and decisions.",
        )
        return
    caption = (
        "Bands: 95 % interval (Wilson). Where acceptance lies above accuracy, people follow the model"
        " further than it is right; bins with fewer than 30 decisions are left out."
    )
    draw_chart(chart, "behaviour_confidence", caption=caption)


def draw_hours(view: View) -> None:
    """When people are there."""
    found: Hours | None = view.ask("behaviour:hours", "Counting hours")
    if found is None:
        draw_empty("No events in this window.", "Choose a longer window.")
        return
    session = ""
    if found.session.value is not None:
        session = f", half of them longer than {write_value(found.session.value, 's')}"
    caption = (
        f"Hours in {found.zone}. {write_count(found.n)} events in {write_count(found.n_sessions)}"
        f" sessions{session}; 30 minutes of silence end one."
    )
    draw_chart(hours_chart(found), "behaviour_hours", caption=caption)


def draw_weeks(view: View) -> None:
    """Who comes back."""
    found = view.ask("behaviour:weeks", "Counting returns")
    if found is None:
        draw_empty("Nobody came for the first time in this window.", "Choose a longer window.")
        return
    caption = (
        "People by the week of their first event (· how many), the ten largest groups. Cells count people;"
        " shares are shown for 30 people and more, weeks that are not over are empty."
    )
    draw_chart(retention_chart(found), "behaviour_weeks", caption=caption)


def draw_adoption(view: View) -> None:
    """Who takes it up, by a column of the predictions."""
    seen: Seen | None = view.ask("behaviour:seen", "Reading events")
    columns = seen.columns if seen else ()
    if not columns:
        draw_empty("No column to cut by.", "A category among the features is needed.")
        return
    _set_column(columns)
    column = st.selectbox(
        "Cut by", columns, key="adoption_column", on_change=_on_column, width=220,
        label_visibility="collapsed",
    )  # fmt: skip
    found: Levels | None = view.ask(f"behaviour:adoption:{column}", f"Cutting by {column}")
    if found is None:
        draw_empty(NOTHING, "Choose a longer window.")
        return
    _draw_levels(view, str(column), found)


def _set_column(columns: Sequence[str]) -> None:
    asked = st.query_params.get("column")
    if "adoption_column" not in st.session_state and asked in columns:
        st.session_state.adoption_column = asked


@guarded("view")
def _on_column() -> None:
    st.query_params["column"] = st.session_state.adoption_column


def _draw_levels(view: View, column: str, found: Levels) -> None:
    import pandas as pd

    columns: dict[str, list[str | None]] = {
        column: [level.name for level in found.levels],
        "decided": [say_share(level.engagement) for level in found.levels],
        "accepted": [say_share(level.acceptance) for level in found.levels],
        "wrong accepted": [say_share(level.over_reliance) for level in found.levels],
        "right overridden": [say_share(level.under_reliance) for level in found.levels],
        "n": [write_count(level.n) for level in found.levels],
    }
    links = [_slice_link(view, column, level) for level in found.levels]
    config = {}
    if any(links):
        columns["slice"] = links
        config = {"slice": st.column_config.LinkColumn(display_text="Open", width="small")}
    st.dataframe(
        pd.DataFrame(columns), hide_index=True, key="adoption", width="stretch",
        column_config=config, alt=f"Acts by {column}",
    )  # fmt: skip
    rest = f" {found.n_left_out} smaller values are left out." if found.n_left_out else ""
    st.caption(f"± is half of the 95 % interval (Wilson); a dash stands for fewer than 30.{rest}")


def _slice_link(view: View, column: str, level: Level) -> str | None:
    """The address of a slice, where the viewer may look into slices."""
    from analytics.core import Condition
    from analytics.query.segment import format_condition, is_numeric
    from app.navigation import existing_pages
    from app.session import format_selection

    entry = next((page for page in existing_pages() if page.file == "slices"), None)
    if entry is None or not view.viewer.may(entry.right or "view", view.model):
        return None
    number = is_numeric(column, view.dataset.schema)
    value = float(level.name) if number else level.name
    text = format_condition(Condition(column, "=", value))
    if view.selection.segment:
        text = f"{view.selection.segment} AND {text}"
    return f"/slices?{urlencode(format_selection(view.selection) | {'seg': text})}"


def draw_worth(view: View) -> None:
    """Whether the model helps, in the owner's unit."""
    found: Worth | None = view.ask("behaviour:worth", "Adding up what decisions are worth")
    if found is None:
        if not view.dataset.schema.values:
            draw_empty(
                "Nobody has said what right and wrong are worth.",
                "Set it under Threshold on the page Performance, or with: telltale schema MODEL,"
                " --value TRUE,PREDICTED=NUMBER.",
            )
            link_to("performance", "Set the values", {"m": view.model, "below": "Threshold"})
            return
        draw_empty("No decision whose truth is known.", "Import labels, or choose a longer window.")
        return
    st.markdown(" ".join(filter(None, (say_worth(found), _say_versions(found)))))
    draw_chart(worth_chart(found), "behaviour_worth", caption=" ".join(found.notes))


def _say_versions(found: Worth) -> str:
    """The newest version beside the one before it, in worth of a decision."""
    if found.between is None or found.between.value is None:
        return ""
    newest, before = found.versions[-1].name, found.versions[-2].name
    sure = found.between.low is not None and found.between.high is not None
    is_chance = not sure or (found.between.low or 0.0) <= 0 <= (found.between.high or 0.0)
    why = "which may be chance" if is_chance else "observational"
    return f"{plain(newest)} against {plain(before)}: {plain(say_gain(found.between))}, {why}."


def say_worth(found: Worth) -> str:
    """What the prediction adds to a decision, in one sentence, or why that is not known."""
    gain = found.gain
    if gain is None or gain.value is None or gain.low is None or gain.high is None:
        return "What the prediction adds to a decision is **not known**: nobody decides without it."
    number = f"**{plain(say_gain(gain))}**"
    if gain.low <= 0 <= gain.high:
        return f"Whether the prediction helps is **not settled**: {number} a decision."
    word = "helps" if gain.value > 0 else "does harm"
    return (
        f"The prediction **{word}**: {number} a decision against deciding without it, in the unit of"
        " your values."
    )


PANELS: tuple[tuple[str, Draw], ...] = (
    ("From shown to outcome", draw_funnel),
    ("Time to action", draw_waits),
    ("Accepted beside right, by confidence", draw_confidence),
    ("Hours of the week", draw_hours),
    ("Who comes back", draw_weeks),
    ("Who takes it up", draw_adoption),
)
