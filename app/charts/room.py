"""Room for the words beside the axes, guessed before the browser measures them.

Plotly draws a chart, measures its tick labels, and draws it again when they do not fit its margins.
A guess that is wide enough saves that second drawing; where it is too narrow, Plotly makes it wider.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

NUMBER = 44  # "100%", the gap beside it, and the 12 pixels that Plotly adds
TICKS, TITLE = 34, 15  # one line of tick labels; an axis title beside or under them
GAP = 20
NARROW, WIDE = frozenset(" .,:;il|'!tfjrI()"), frozenset("mwMW@%")


def make_room(figure: go.Figure) -> go.Figure:
    """The figure with margins wide enough for its tick labels and titles; never narrower than before."""
    margin = figure.layout.margin
    axes = [a for a in figure.select_yaxes() if a.visible is not False and a.side != "right"]
    names = max((text_width(name) for name in _names(figure)), default=None)
    left = NUMBER if names is None else names + GAP
    if all(a.showticklabels is False for a in axes):
        left = 0
    left += TITLE * any(a.title.text for a in axes)
    below = [a for a in figure.select_xaxes() if a.visible is not False]
    bottom = TICKS * any(a.showticklabels is not False for a in below)
    bottom += TITLE * any(a.title.text for a in below)
    margin.l, margin.b = max(left, margin.l or 0), max(bottom, margin.b or 0)
    return figure


def text_width(text: str) -> int:
    """About how many pixels the widest line of ``text`` takes at 12 px, rather too many.

    >>> text_width("wind_speed")
    56
    """
    return max(round(sum(_width(c) for c in line)) for line in text.split("<br>"))


def _width(letter: str) -> float:
    if letter in NARROW:
        return 3.5
    if letter in WIDE:
        return 9.5
    return 6.8 if letter.isupper() else 5.4


def _names(figure: go.Figure) -> Iterable[str]:
    """The words along the y axes, where the traces have words and not numbers there."""
    for trace in figure.data:
        values: Any = getattr(trace, "y", None)
        if values is not None and len(values) and isinstance(values[0], str):
            yield from {str(v) for v in values if v is not None}
    for axis in figure.select_yaxes():
        yield from (str(t) for t in axis.ticktext or ())
