"""A number never stands alone: value, plus-minus, verdict, change, and its line over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.words import (
    unit_of,
    write_change,
    write_count,
    write_half_width,
    write_period,
    write_value,
)
from app.charts import DARK, LIGHT, is_drawn, sparkline
from app.widgets.finding_row import chip
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Result

MIN_CARD_PX = 148


Card = tuple["Result", Sequence["Result"], str]


def draw_cards(cards: Sequence[Card], part: str = "") -> None:
    """Cards in a row; two a row on a phone. Each is (Result, its series, a note or empty).

    ``part`` tells cards apart that stand in for the same numbers in one run.
    """
    with st.grid(len(cards) if len(cards) <= 6 else "auto", min_column_width=MIN_CARD_PX):
        for i, (result, series, note) in enumerate(cards):
            with st.container(
                border=True, height="stretch", key=f"card_{i}_{part}{result.name}", gap="xsmall"
            ):
                draw_card(result, series, note)


def draw_card(result: Result, series: Sequence[Result], note: str = "") -> None:
    """One number with all that belongs to it."""
    unit = unit_of(result)
    label = str(result.detail.get("label", result.name))
    number = f"**{write_value(result.value, unit)}**"
    width = write_half_width(result.low, result.high, unit)
    change = write_change(result.detail.get("change"), unit, result.value)
    said = note or change
    st.markdown(f":gray[{plain(label)}]", help=reading_of(result))
    st.markdown(
        f"{number} {_small(width, ':gray[{}]')}\n\n"
        f"{chip(result.verdict, _word(result))} {_small(plain(said))}"
    )
    if series:
        st.image(spark_of(series), width="stretch", alt=_say(result, change))


def reading_of(result: Result) -> str | None:
    """The plain reading of a number, with what its plus-minus is and how many rows it rests on."""
    from analytics.catalog import meaning_of

    meaning = meaning_of(result.name) or ""
    rows = f"{write_count(result.n)} rows"
    if result.n_labelled is not None:
        rows = f"{write_count(result.n_labelled)} labels of {rows}"
    sure = f" ± is half of the 95 % interval ({result.interval})." if result.interval else ""
    return plain(f"{meaning}{sure} {rows}.".strip())


def _small(text: str, around: str = "{}") -> str:
    return f":small[{around.format(text)}]" if text else ""


def _word(result: Result) -> str | None:
    """A number that is known but has no yardstick says so, instead of "not enough data"."""
    is_known = result.verdict == "undefined" and is_drawn(result)
    return "not compared" if is_known else None


def spark_of(series: Sequence[Result]) -> str:
    """The sparkline of a series in the colours of the theme that is on."""
    ink = DARK if st.context.theme.type == "dark" else LIGHT
    band = None
    for r in series:
        if "band_low" in r.detail:
            band = (float(r.detail["band_low"]), float(r.detail["band_high"]))
            break
    values = [r.value if is_drawn(r) else None for r in series]
    return sparkline(values, ink, band)


def _say(result: Result, change: str) -> str:
    unit = unit_of(result)
    label = str(result.detail.get("label", result.name))
    pieces = [f"{label} over time, {write_period(result.window)}", f"{write_count(result.n)} rows"]
    if result.n_labelled is not None:
        pieces.append(f"{write_count(result.n_labelled)} labels")
    reference = result.detail.get("reference")
    if reference is not None:
        pieces.append(f"reference {write_value(float(reference), unit)}, change {change}")
    if result.interval:
        pieces.append(f"95 % interval: {result.interval}")
    if result.reason:
        pieces.append(result.reason)
    return "; ".join(pieces)
