"""What if this row were another: its score with changed values, and the nearest rows judged otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_value
from app.auth import guarded, require
from app.cache import desk
from app.scoring import Scored, endpoint_of, score_row
from app.settings import settings_in_force
from app.widgets.empty_state import draw_empty
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from analytics.core import Column
    from analytics.query.explore import Prediction
    from analytics.query.neighbours import Neighbour
    from app.widgets.view import View

FIRST = 3  # features that are open to change at first


def draw_what_if(view: View, found: Prediction) -> None:
    """Both parts, worked out when somebody opens them."""
    with st.expander("What if", key="what_if", type="compact", on_change="rerun") as box:
        if not box.open:
            return
        try:
            if endpoint_of(settings_in_force(), view.model):
                _draw_scoring(view, found)
            _draw_neighbours(view, found)
        except TelltaleError as error:
            problem(error)


def _draw_scoring(view: View, found: Prediction) -> None:
    places = {p.column.name: p for p in found.places}
    chosen = st.multiselect("Change", list(places), list(places)[:FIRST], key="what_columns")
    changed = {name: _field(places[name].column, places[name].value) for name in chosen}
    row = {name: p.value for name, p in places.items()} | changed
    st.button("Score", key="what_score", on_click=_score, args=(view.model, plain_row(row)))
    said = st.session_state.get("what_said")
    if said is not None and said[0] == found.row["prediction_id"]:
        st.markdown(_compare(found.row, said[1]))
    st.session_state["what_row"] = found.row["prediction_id"]


def _field(column: Column, value: Any) -> Any:
    if column.type == "numeric":
        start = None if value is None or value != value else float(value)
        return st.number_input(column.name, value=start, key=f"what_{column.name}", format="%g")
    return st.text_input(
        column.name, "" if value is None else str(value), key=f"what_{column.name}"
    )


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON values: missing ones null, others numbers, texts or yes and no."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or value != value:
            found[name] = None
        else:
            known = isinstance(value, (bool, int, float, str))
            found[name] = value if known else str(value)
    return found


@guarded("explore")
def _score(model: str, row: dict[str, Any]) -> None:
    viewer = require("explore", model)
    try:
        said = score_row(viewer, settings_in_force(), desk().database, model, row)
    except TelltaleError as error:
        problem(error)
        return
    st.session_state["what_said"] = (st.session_state.get("what_row"), said)


def _compare(row: Mapping[str, Any], said: Scored) -> str:
    now = write_value(said.score, "score") if said.score is not None else str(said.prediction)
    logged = row.get("score", row.get("prediction"))
    before = write_value(float(logged), "score") if isinstance(logged, float) else str(logged)
    return f"**{plain(now)}** :gray[with these values; logged {plain(before)}]"


def _draw_neighbours(view: View, found: Prediction) -> None:
    near: Sequence[Neighbour] = view.ask(
        f"neighbours:{found.row['prediction_id']}", "Looking for rows like this one", segment=None
    )
    if not near:
        draw_empty("No row got another answer.", "Choose a longer window.")
        return
    st.markdown("**Nearest rows with another answer**  \n:gray[what is different there]")
    for one in near:
        st.markdown(
            f"{plain(one.prediction_id)}: said **{plain(str(one.said))}**,"
            f" {plain(differences(found.row, one))} :gray[distance {write_value(one.distance, 'score')}]"
        )
    st.caption(
        "Distance: mean over the features, numbers on the scale of the reference, 0 alike and 1 far."
        " Another row differs in more than what made the model say otherwise."
    )


def differences(row: Mapping[str, Any], other: Neighbour, most: int = 4) -> str:
    """The features in which a row differs, such as hour 9 to 17."""
    pieces = [
        f"{name} {_text(row.get(name))} → {_text(value)}"
        for name, value in other.values.items()
        if _text(row.get(name)) != _text(value)
    ]
    more = f" and {len(pieces) - most} more" if len(pieces) > most else ""
    return ", ".join(pieces[:most]) + more if pieces else "the same in all features"


def _text(value: Any) -> str:
    if value is None or value != value:
        return "missing"
    return write_value(value) if isinstance(value, float) else str(value)
