"""What the page Compare is made of: both sides to choose, the decision, differences, guard-rails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.catalog import meaning_of
from analytics.words import (
    SHAPES,
    unit_of,
    write_change,
    write_count,
    write_half_width,
    write_period,
    write_value,
)
from app.auth import guarded
from app.cache import desk
from app.charts import forest_chart, guard_rows, looks_chart, metric_rows
from app.session import KEYS
from app.state.models import list_models
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty
from app.widgets.lead import draw_lead
from app.widgets.problem import plain
from app.widgets.slice_link import draw_slice_menu

if TYPE_CHECKING:
    from analytics.compare.comparison import Comparison
    from analytics.core import Result
    from analytics.findings.release import Decision
    from app.widgets.view import View

WITH = "with"  # another model as the baseline, in the URL
MOST_GUARDS = 12
SCALE = "The scale counts in what is tolerated: left of −1 more is lost than that. An arrow points beyond it."
WORDS = {"imported": "The imported reference", "previous": "The period before"}


def pick_sides(view: View) -> tuple[dict[str, str | None], str | None]:
    """What is compared with what: the words of the question, and another model if one is chosen.

    Unasked, the newest version stands beside the one before it.
    """
    versions = view.versions
    candidate = view.selection.version or (versions[-1] if len(versions) > 1 else None)
    options = _baselines(view, candidate)
    chosen = _chosen(view, candidate, options)
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        if len(versions) > 1:
            _set("compare_candidate", candidate)
            st.selectbox(
                "Candidate", versions, key="compare_candidate", on_change=_on_candidate, width=200
            )
        if options:
            _set("compare_baseline", chosen)
            st.selectbox(
                "Baseline", options, key="compare_baseline", on_change=_on_baseline, width=260,
                format_func=_say,
            )  # fmt: skip
    if chosen is not None and chosen.startswith("model:"):
        return {"version": candidate, "reference": "none"}, chosen[6:]
    return {"version": candidate, "reference": chosen}, None


def _baselines(view: View, candidate: str | None) -> list[str]:
    several = view.versions if len(view.versions) > 1 else ()  # a single one is the candidate
    options = [f"version:{v}" for v in several if v != candidate]
    if view.has_times and view.selection.window != "all":
        options.append("previous")
    if view.dataset.log("predictions", "reference").parts:
        options.append("imported")
    return [*options, *(f"model:{name}" for name in _others(view))]


def _others(view: View) -> list[str]:
    """The models of the same task that the viewer may see."""
    task = view.dataset.schema.task
    models = [
        m.name
        for m in list_models(desk().database)
        if m.schema.task == task and m.name != view.model
    ]
    return view.viewer.models(models)


def _chosen(view: View, candidate: str | None, options: list[str]) -> str | None:
    other = st.query_params.get(WITH)
    wanted = f"model:{other}" if other else view.selection.reference
    if wanted and wanted != "none":
        if wanted not in options:
            options.append(wanted)
        return wanted
    before = [v for v in view.versions if v != candidate]
    return f"version:{before[-1]}" if before and candidate else (options[0] if options else None)


def _say(option: str) -> str:
    kind, _, name = option.partition(":")
    return (
        f"{kind.capitalize()} {name}" if name else WORDS.get(option, option.replace("..", " to "))
    )


def _set(key: str, value: object) -> None:
    if st.session_state.get(key) != value:
        st.session_state[key] = value


@guarded("view")
def _on_candidate() -> None:
    st.query_params[KEYS["version"]] = st.session_state.compare_candidate
    st.query_params.pop(KEYS["reference"], None)


@guarded("view")
def _on_baseline() -> None:
    chosen = st.session_state.compare_baseline
    if chosen.startswith("model:"):
        st.query_params[WITH] = chosen[6:]
        return
    st.query_params.pop(WITH, None)
    st.query_params[KEYS["reference"]] = chosen


def draw_decision(decision: Decision, found: Comparison) -> None:
    """The card: what to do, the reason, further reasons, and how it was compared."""
    place = draw_lead(decision.finding)
    with place:
        more = [f"- {plain(reason)}" for reason in decision.reasons[1:]]
        span = f"From {write_period(found.span)}. " if found.span else ""
        st.markdown("\n".join(more)) if more else None
        st.caption(plain(span + " ".join(found.notes)))


def draw_metrics(found: Comparison) -> None:
    """Every metric on both sides, and the difference with its interval against the tolerance."""
    left, right = st.columns([6, 5], gap="small")
    with left:
        draw_chart(
            forest_chart(metric_rows(found.results)),
            "compare_forest",
            title="Differences",
            caption=f"{SCALE} Bars: 95 % intervals of the difference.",
        )
    with right:
        st.subheader("On both sides", anchor=False)
        _metrics_table(found)


def _metrics_table(found: Comparison) -> None:
    import pandas as pd

    def side(r: Result, which: str) -> str:
        unit = unit_of(r)
        ends = r.detail.get(f"{which}_low"), r.detail.get(f"{which}_high")
        width = write_half_width(*ends, unit)
        return f"{write_value(r.detail.get(which), unit)} {width}".strip()

    table = pd.DataFrame(
        {
            "metric": [
                f"{r.detail['label']}, {r.detail['class']}"
                if "class" in r.detail
                else r.detail["label"]
                for r in found.results
            ],
            found.candidate: [side(r, "candidate") for r in found.results],
            found.baseline: [side(r, "baseline") for r in found.results],
            "difference": [_difference(r) for r in found.results],
            "says": [say_verdict(r) for r in found.results],
        }
    )
    table["reads as"] = [meaning_of(r.name) or "" for r in found.results]
    config = {
        "says": st.column_config.Column(help="Worse needs a change beyond what is tolerated."),
        "difference": st.column_config.Column(
            help="Candidate minus baseline, with half of its 95 % interval."
        ),
    }
    st.dataframe(
        table, hide_index=True, key="compare_metrics", column_config=config,
        alt="Metrics of both sides",
    )  # fmt: skip


def _difference(r: Result) -> str:
    """Candidate minus baseline, with half of its interval."""
    if r.value is None:
        return "–"
    unit = unit_of(r)
    like = float(r.detail.get("candidate") or r.value)
    width = write_half_width(r.low, r.high, unit, like)
    return f"{write_change(r.value, unit, like)} {width}".strip()


def say_verdict(r: Result) -> str:
    """The verdict of a difference in a word."""
    if r.verdict == "undefined" or r.value is None:
        return f"{SHAPES['undefined']} {r.reason or 'not compared'}"
    if r.detail.get("better") == "neither":
        return "differs" if float(r.detail.get("p_adjusted") or 1.0) < 0.05 else "alike"
    if r.verdict in ("warning", "critical"):
        return f"{SHAPES[r.verdict]} worse"
    return f"{SHAPES['ok']} better" if r.detail.get("is_better") else f"{SHAPES['ok']} no worse"


def draw_guards(view: View, guards: Sequence[Result]) -> None:
    """The slices in which the candidate does worst, and how many were looked at."""
    if not guards:
        draw_empty("No slice has enough labelled rows on both sides.", "Choose a longer window.")
        return
    bad = [r for r in guards if r.verdict in ("warning", "critical")]
    shown = guards[: max(MOST_GUARDS, len(bad))][:30]
    rows = guard_rows(shown)
    verb = "is" if len(bad) == 1 else "are"
    count = f"{len(bad)} of {write_count(len(guards))} slices {verb} worse than tolerated"
    draw_chart(
        forest_chart(rows),
        "compare_guards",
        caption=f"{count}, judged together; the worst {len(rows)} are shown. {SCALE}",
    )
    entries = [(str(r.segment).replace(" AND ", " and "), str(r.segment)) for r in shown]
    draw_slice_menu(view, "Open a slice", lambda: entries, "guard_slices")


def draw_looks(found: Comparison) -> None:
    """The evidence by day, which may be looked at as often as one likes."""
    if not found.looks:
        draw_empty(
            "Evidence by day needs rows that both sides scored.",
            "Choose another model as the baseline that scored the same prediction ids.",
        )
        return
    last = found.looks[-1]
    width = write_half_width(last.low, last.high, "score")
    st.markdown(
        f"{plain(found.candidate)} was right or closer alone in {write_count(last.n_for)} rows,"
        f" {plain(found.baseline)} in {write_count(last.n_against)}. Mean loss"
        f" {write_change(-last.gain, 'score')} {width} (holds at every look, asymptotic)."
    )
    draw_chart(
        looks_chart(found.looks, found.candidate, found.baseline),
        "compare_looks",
        caption="A fair bet on either side: where neither is better, 20 to 1 is reached in at most"
        " 5 % of all comparisons, however often one looks.",
    )


def all_results(found: Comparison) -> list[Any]:
    """Everything the page shows, for the export."""
    return [*found.results, *found.guards, *found.served]
