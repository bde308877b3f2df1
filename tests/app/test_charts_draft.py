"""A figure in the making beside Plotly's own, which was told the same."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest

from app.charts.draft import Draft
from app.charts.style import annotate, finish, time_axis

START = datetime(2024, 2, 8)
LINE = {"color": "#000001", "width": 1, "dash": "dot"}


def draw(figure: Any) -> None:
    """Everything that a chart may ask, in an order that merges and overwrites."""
    x = [START + timedelta(days=i) for i in range(40)]
    figure.add_scatter(x=x, y=[None, *range(39)], mode="lines", line={"width": 0}, fill="toself")
    figure.add_scatter(x=x, y=list(range(40)), text=["a <b>b</b>"] * 40, marker={"size": 4})
    figure.add_hrect(y0=1, y1=2, fillcolor="#000002", line={"width": 0}, layer="below")
    figure.add_vrect(x0=x[1], x1=x[3], fillcolor="#000002", line={"width": 0}, layer="below")
    figure.add_hline(y=3.5, line=LINE, layer="below")
    figure.add_vline(x=x[5], line=LINE)
    figure.add_shape(type="line", x0=x[1], x1=x[2], y0=4, y1=4, line=LINE)
    annotate(figure, "a word", x=x[5], y=1, yref="paper", xshift=3, font={"size": 9})
    annotate(figure, "another", x=1, xref="paper", y=2)
    finish(figure, height=300, right=40, top=20)
    figure.update_yaxes(range=[0, 40], tickformat=None)
    time_axis(figure, x[0], x[-1])
    figure.update_xaxes(title={"text": "row", "standoff": 4})
    figure.update_xaxes(title={"standoff": 8})
    figure.update_layout(dragmode="select", margin={"l": 12})


def told(figure: go.Figure) -> Any:
    """What goes to the browser."""
    return json.loads(figure.to_json())


def test_the_figure_is_the_one_that_plotly_makes() -> None:
    draft, figure = Draft(), go.Figure()
    draw(draft)
    draw(figure)
    assert told(draft.figure()) == told(figure)


def test_nothing_drawn_is_an_empty_figure() -> None:
    assert told(Draft().figure()) == told(go.Figure())


def test_no_is_said_too() -> None:
    draft = Draft()
    draft.update_layout(showlegend=False, dragmode=False)
    assert draft.figure().layout.showlegend is False
    assert draft.figure().layout.dragmode is False


def test_what_was_given_stays_as_it_was() -> None:
    draft, margin = Draft(), {"l": 4}
    draft.update_layout(margin=margin)
    draft.update_layout(margin={"l": 9, "r": 3})
    assert margin == {"l": 4}


def test_a_piece_that_plotly_does_not_know_is_an_error() -> None:
    draft = Draft()
    draft.add_scatter(x=[1], colour="red")
    with pytest.raises(ValueError, match="colour"):
        draft.figure()
