"""Sparklines as small SVG pictures: no script, and there at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.charts.style import thin

WIDTH, HEIGHT, PAD = 160.0, 34.0, 3.0
MOST = 120


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of one theme that a picture needs, since it cannot ask for them itself."""

    line: str
    band: str


LIGHT = Ink("#0B5CAD", "#E9EDF1")
DARK = Ink("#7CC4FF", "#202832")


def sparkline(
    values: Sequence[float | None],
    ink: Ink,
    band: tuple[float, float] | None = None,
    marked: int | None = None,
) -> str:
    """A line through the values with gaps at None, inside the reference's band."""
    values = [values[i] for i in thin(len(values), MOST)]
    known = [v for v in values if v is not None]
    low, high = _ends(known, band)
    step = (WIDTH - 2 * PAD) / max(len(values) - 1, 1)

    def y(value: float) -> float:
        return HEIGHT - PAD - (value - low) / (high - low) * (HEIGHT - 2 * PAD)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">']
    if band is not None:
        top, bottom = y(min(max(band[1], low), high)), y(min(max(band[0], low), high))
        parts.append(
            f'<rect x="0" y="{top:.1f}" width="{WIDTH:g}" height="{max(bottom - top, 1):.1f}"'
            f' fill="{ink.band}"/>'
        )
    points = [(PAD + i * step, None if v is None else y(v)) for i, v in enumerate(values)]
    for run in _runs(points):
        if len(run) == 1:
            parts.append(
                f'<circle cx="{run[0][0]:.1f}" cy="{run[0][1]:.1f}" r="1.4" fill="{ink.line}"/>'
            )
            continue
        path = " ".join(f"{x:.1f},{at:.1f}" for x, at in run)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{ink.line}" stroke-width="1.5"'
            ' stroke-linejoin="round" stroke-linecap="round"/>'
        )
    del marked
    return "".join([*parts, "</svg>"])


def _ends(known: Sequence[float], band: tuple[float, float] | None) -> tuple[float, float]:
    low, high = min(known, default=0.0), max(known, default=1.0)
    span = high - low
    if band is not None:  # a band far away is cut at the picture's edge, not drawn to scale
        low, high = max(min(low, band[0]), low - 2 * span), min(max(high, band[1]), high + 2 * span)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _runs(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]
