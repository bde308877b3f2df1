"""The filter builder: chips to take away, a condition to add, how many rows that is; Apply comes last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.core import Condition, Cut
from analytics.errors import TelltaleError
from analytics.query.cells import segment_text
from analytics.query.segment import COMMON, format_condition, is_numeric, parse_segment
from analytics.words import write_count, write_value
from app.auth import guarded
from app.session import KEYS
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from analytics.core import Result, Schema
    from analytics.evaluate.behind import Share
    from app.widgets.view import View

DRAFT = "draft"  # the slice that is looked at before it is applied, in the URL
SEGMENT = KEYS["segment"]
NUMBER = (">", ">=", "<", "<=", "=", "!=", "is null", "is not null")
TEXT = ("=", "!=", "in", "not in", "is null", "is not null")
WORDS = {
    "=": "is",
    "!=": "is not",
    "in": "is one of",
    "not in": "is none of",
    "is null": "is missing",
    "is not null": "is there",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """The slice that the page is about: its text and conditions, and whether it is only looked at."""

    text: str
    conditions: tuple[Condition, ...]
    is_draft: bool


def read_shown(schema: Schema) -> Shown | None:
    """The draft of the URL, else the applied segment; None where neither is there."""
    draft, applied = st.query_params.get(DRAFT), st.query_params.get(SEGMENT)
    text = draft or applied
    try:
        found = parse_segment(text, schema)
    except TelltaleError as error:
        problem(error)
        return None
    if found is None or text is None:
        return None
    return Shown(text, found.conditions, draft is not None and draft != applied)


@guarded("explore")
def look_at(conditions: Sequence[Condition]) -> None:
    """Show a slice without applying it."""
    if conditions:
        st.query_params[DRAFT] = segment_text(conditions)
        return
    for key in (DRAFT, SEGMENT):
        st.query_params.pop(key, None)


@guarded("explore")
def _apply(text: str) -> None:
    st.query_params[SEGMENT] = text
    st.query_params.pop(DRAFT, None)


@guarded("explore")
def _go_back() -> None:
    st.query_params.pop(DRAFT, None)


def conditions_of(r: Result) -> list[Condition]:
    """The conditions of a slice's answer."""
    return [
        Condition(
            c["column"],
            c["operator"],
            tuple(c["value"]) if isinstance(c["value"], list) else c["value"],
        )
        for c in r.detail["conditions"]
    ]


def draw_builder(view: View, shown: Shown | None) -> None:
    """Chips, the next condition, and the buttons."""
    conditions = shown.conditions if shown else ()
    st.subheader("Rows where", anchor=False)
    _draw_chips(conditions)
    pending = _draw_adding(view, conditions)
    _draw_share(view, shown, pending)
    _draw_buttons(shown)


def _draw_chips(conditions: Sequence[Condition]) -> None:
    if not conditions:
        st.caption("All rows. Add a condition, or open a slice of the list.")
        return
    with st.container(horizontal=True, gap="xsmall"):
        for i, condition in enumerate(conditions):
            rest = [c for j, c in enumerate(conditions) if j != i]
            st.button(
                f"{plain(format_condition(condition))}  ✕", key=f"chip_{i}", on_click=look_at,
                args=(rest,), help="Take this condition away", type="secondary",
            )  # fmt: skip


def _columns(schema: Schema) -> list[str]:
    """What a condition may be about: features first, then what every row has."""
    own = [c.name for c in schema.features if c.type in ("numeric", "categorical", "boolean")]
    always = [name for name in COMMON if name == "label" or schema.has(name)]  # type: ignore[arg-type]
    return [*own, *always]


def _draw_adding(view: View, conditions: Sequence[Condition]) -> Condition | None:
    """The next condition as it stands in the fields; None while it has no value."""
    schema = view.dataset.schema
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        column = st.selectbox("Column", _columns(schema), key="add_column", width=135)
        is_number = is_numeric(column, schema)
        operators = NUMBER if is_number else TEXT
        operator = st.selectbox(
            "Is", operators, key=f"add_operator_{is_number}", width=105,
            format_func=lambda o: o if is_number and o in ("=", "!=") else WORDS.get(o, o),
        )  # fmt: skip
        value = _value(view, column, str(operator), is_number=is_number)
        found = _condition(column, str(operator), value)
        st.button(
            "Add", key="add_condition", disabled=found is None, on_click=look_at,
            args=([*conditions, found] if found else list(conditions),),
            help=None if found else "Choose a value first",
        )  # fmt: skip
    return found


def _value(view: View, column: str, operator: str, *, is_number: bool) -> Any:
    if operator in ("is null", "is not null"):
        return None
    cut: Cut | None = None
    if column in {c.name for c in view.dataset.schema.features}:
        cut = view.ask(f"cut:{column}", f"Reading {column}", segment=None)
    key = f"add_value_{column}_{operator}"
    if is_number:
        edges = cut.edges if cut else ()
        quarters = ", ".join(write_value(edge) for edge in edges)
        return st.number_input(
            "Value", value=edges[len(edges) // 2] if edges else None, key=key, width=130,
            format="%g", help=f"Quarters: {quarters}" if quarters else None,
        )  # fmt: skip
    levels = list(cut.levels) if cut else list(view.dataset.schema.classes)
    if operator in ("in", "not in"):
        return tuple(st.multiselect("Values", levels, key=key, accept_new_options=True, width=180))
    return st.selectbox(
        "Value", levels, key=key, accept_new_options=True, index=0 if levels else None, width=160
    )


def _condition(column: str, operator: str, value: Any) -> Condition | None:
    if operator in ("is null", "is not null"):
        return Condition(column, operator)  # type: ignore[arg-type]
    if value is None or value == ():
        return None
    value = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return Condition(column, operator, value)  # type: ignore[arg-type]


def _draw_share(view: View, shown: Shown | None, pending: Condition | None) -> None:
    """How many rows the slice holds, and with the condition that is being written."""
    share: Share = view.ask("share", "Counting", segment=shown.text if shown else None)
    of_all = write_value(share.n / share.n_all, "rate") if share.n_all else "0 %"
    word = "◌ Preview, not applied" if shown and shown.is_draft else ""
    st.markdown(
        f"**{write_count(share.n)}** of {write_count(share.n_all)} rows ({of_all})"
        f"{f' :gray[{word}]' if word else ''}"
    )
    if pending is None:
        return
    both = [*(shown.conditions if shown else ()), pending]
    more: Share = view.ask("share", "Counting", segment=segment_text(both))
    st.caption(f"With {plain(format_condition(pending))}: {write_count(more.n)} rows")


def _draw_buttons(shown: Shown | None) -> None:
    if shown is None:
        return
    with st.container(horizontal=True, gap="small"):
        if shown.is_draft:
            st.button(
                "Apply", type="primary", key="apply_slice", on_click=_apply, args=(shown.text,),
                help="Every page then shows these rows only",
            )  # fmt: skip
            st.button("Go back", key="drop_draft", on_click=_go_back)
        else:
            st.button("Show all rows", key="clear_slice", on_click=look_at, args=([],))
