"""Another threshold: what it would do, what it would be worth, and where the best one lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analytics.catalog import meaning_of
from analytics.curves.threshold import Best, Thresholds, Worth, at_threshold, best_threshold
from analytics.evaluate.behind import rates_at
from analytics.words import write_count, write_half_width, write_value
from app.auth import guarded, require
from app.cache import desk
from app.charts import threshold_chart
from app.widgets.chart_box import draw_chart
from app.widgets.empty_state import draw_empty
from app.widgets.problem import plain
from app.worth import set_worth

if TYPE_CHECKING:
    from analytics.core import Estimate
    from analytics.evaluate.behind import Behind
    from app.widgets.view import View

NAMES = {
    (True, True): "Right yes",
    (True, False): "Miss",
    (False, True): "False alarm",
    (False, False): "Right no",
}
RATES = {
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "positive_rate": "Said yes",
}
COUNTS_READ = (
    "The mean value of a prediction, with the values of right and wrong that are set above.",
    "Rows of the positive class that would have been let go.",
    "Rows of the other class that would have been held.",
)
DEFAULTS: Worth = {(True, True): 0.0, (True, False): -5.0, (False, True): -1.0, (False, False): 0.0}


def draw_threshold(view: View) -> None:
    """The explorer: values to set, a threshold to move, and what follows."""
    found: Behind = view.ask("behind", "Counting at every threshold")
    counts = found.current.thresholds
    if counts is None:
        draw_empty(
            "There is nothing to cut.",
            "A threshold needs scores, and labels of both classes in this window.",
        )
        return
    values = _draw_values(view)
    best = best_threshold(counts, values)
    chosen = _pick(view, counts, best)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        draw_chart(
            threshold_chart(counts, values, chosen, best),
            "threshold",
            caption="Grey: thresholds that may be as good as the best (95 %). Dotted: the chosen one."
            f" {write_count(counts.n)} labelled rows.",
        )
    with right:
        _draw_numbers(counts, values, chosen, best)


def _draw_values(view: View) -> Worth:
    """What a row is worth, by truth and prediction; saved with the model by who may change it."""
    schema = view.dataset.schema
    saved = {(t == schema.positive, s == schema.positive): v for t, s, v in schema.values}
    values: dict[tuple[bool, bool], float] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", key="worth"):
        for key, name in NAMES.items():
            values[key] = st.number_input(
                f"{name} is worth",
                value=saved.get(key, DEFAULTS[key]) if saved else DEFAULTS[key],
                key=f"worth_{view.model}_{key[0]:d}{key[1]:d}",
                width=150,
                step=1.0,
            )
        if view.viewer.may("configure", view.model) and values != saved:
            st.button("Save values", key="save_worth", on_click=_save, args=(view.model, values))
    if not saved:
        st.caption("Nobody has set these values for this model yet; they are an example.")
    return values


@guarded("configure")
def _save(model: str, values: Worth) -> None:
    viewer = require("configure", model)
    schema = desk().dataset(model).schema
    yes = str(schema.positive)
    no = next(c for c in schema.classes if c != yes)
    rows = [(yes if t else no, yes if s else no, value) for (t, s), value in values.items()]
    set_worth(desk().database, viewer, model, rows)


def _pick(view: View, counts: Thresholds, best: Best) -> float:
    low, high = float(counts.at[0]), float(counts.at[-1])
    asked = st.query_params.get("threshold")
    try:
        start = float(asked) if asked else None
    except ValueError:
        start = None
    if start is None:
        start = view.dataset.schema.threshold or 0.5
    start = min(max(start, low), high)
    if "pick_threshold" not in st.session_state:
        st.session_state.pick_threshold = start
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.slider(
            "Threshold", low, high, key="pick_threshold", step=(high - low) / 200,
            on_change=_on_threshold, format="%.3f",
        )  # fmt: skip
        st.button("Take the best", key="take_best", on_click=_take, args=(best.at,))
    return float(st.session_state.pick_threshold)


@guarded("view")
def _on_threshold() -> None:
    st.query_params["threshold"] = f"{st.session_state.pick_threshold:.4g}"


@guarded("view")
def _take(best: float) -> None:
    st.session_state.pick_threshold = best
    st.query_params["threshold"] = f"{best:.6g}"


def _draw_numbers(counts: Thresholds, values: Worth, chosen: float, best: Best) -> None:
    import pandas as pd

    i, j = at_threshold(counts, chosen), at_threshold(counts, best.at)
    worth = counts.worth(values)
    here, there = (rates_at(counts, at, tuple(RATES)) for at in (i, j))
    table = pd.DataFrame(
        {
            "number": [*RATES.values(), "Worth of a row", "Misses", "False alarms"],
            f"at {chosen:.3f}": [
                *(_rate(here[name]) for name in RATES),
                write_value(float(worth[i])),
                write_count(round(float(counts.fn[i]))),
                write_count(round(float(counts.fp[i]))),
            ],
            f"best, {best.at:.3f}": [
                *(_rate(there[name]) for name in RATES),
                write_value(float(worth[j])),
                write_count(round(float(counts.fn[j]))),
                write_count(round(float(counts.fp[j]))),
            ],
        }
    )
    table["reads as"] = [*(meaning_of(name) or "" for name in RATES), *COUNTS_READ]
    more = (float(worth[j]) - float(worth[i])) * counts.total
    st.markdown(
        f"The best threshold is **{best.at:.3f}**; from {best.low:.3f} to {best.high:.3f} may be as"
        f" good. It would have been worth {plain(write_value(more))} more over these rows."
    )
    st.dataframe(table, hide_index=True, key="at_threshold", alt="Numbers at the threshold")
    st.caption(
        "What the logged predictions did is on the other tabs; this is what scores would do."
    )


def _rate(found: Estimate) -> str:
    width = write_half_width(found.low, found.high, "score")
    return f"{write_value(found.value, 'score')} {width}".strip()
