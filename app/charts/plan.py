"""Plans of labels: how close how many labels bring a number, and how its interval shrinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.words import write_count
from app.charts.style import GREY_LINE, QUIET, SERIES, Chart, annotate, finish, tint

if TYPE_CHECKING:
    from analytics.estimate.plan import Plan
    from analytics.evaluate.plan import Progress

HEIGHT = 260


def need_chart(plan: Plan, scale: float, unit: str) -> Chart | None:
    """The plus-minus by number of labels: of the plan, and of rows drawn at random."""
    import plotly.graph_objects as go

    if len(plan.curve) < 2:
        return None
    labels = [n for n, _plan, _random in plan.curve]
    lines = {
        "planned": [scale * w for _n, w, _r in plan.curve],
        "at random": [scale * w for _n, _w, w in plan.curve],
    }
    figure = go.Figure()
    for (name, y), colour in zip(lines.items(), (SERIES[0], QUIET), strict=True):
        dash = "solid" if name == "planned" else "dot"
        figure.add_trace(
            go.Scatter(
                x=labels, y=y, mode="lines", line={"color": colour, "width": 2, "dash": dash},
                hovertemplate=f"%{{x:,}} labels {name}: ± %{{y:.3~g}}<extra></extra>",
            )
        )  # fmt: skip
    points = " points" if unit else ""
    _goal(figure, scale * plan.within, f"goal ± {scale * plan.within:.3g}{points}")
    for n, name, colour in (
        (plan.need.n, "planned", SERIES[0]),
        (plan.need.n_random, "at random", QUIET),
    ):
        if name == "at random" and plan.need.n_random == plan.need.n:
            continue
        figure.add_vline(x=n, line={"color": colour, "width": 1, "dash": "dot"})
        side = "right" if name == "planned" else "left"
        annotate(
            figure, f"{write_count(n)} {name}", x=n, y=1, yref="paper", xanchor=side,
            yanchor="top", xshift=-4 if side == "right" else 4, font={"size": 12, "color": colour},
        )  # fmt: skip
    top = max(max(y) for y in lines.values())
    _finish(figure, [0.0, 1.05 * top], labels, "")
    figure.update_yaxes(tickprefix="± ")
    return Chart(
        figure,
        f"Plus-minus by number of labels: the goal of {scale * plan.within:.3g}{points} takes"
        f" {plan.need.n} planned labels or {plan.need.n_random} random ones.",
        {"labels": labels, **{f"± {name}": y for name, y in lines.items()}},
    )


def path_chart(progress: Progress, plan: Plan, scale: float, unit: str) -> Chart | None:
    """The number and its interval after so many labels, and the width that is the goal."""
    import plotly.graph_objects as go

    path = [p for p in progress.path if p[0] >= 5]
    if len(path) < 2:
        return None
    labels = [p[0] for p in path]
    low, value, high = ([scale * p[i] for p in path] for i in (1, 2, 3))
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[*labels, *labels[::-1]], y=[*high, *low[::-1]], fill="toself", mode="lines",
            line={"width": 0}, fillcolor=tint(SERIES[0]), hoverinfo="skip",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=labels, y=value, mode="lines", line={"color": SERIES[0], "width": 2},
            customdata=list(zip(low, high, strict=True)),
            hovertemplate=f"after %{{x}} labels: %{{y:.4~g}}{unit}, %{{customdata[0]:.4~g}} to"
            " %{customdata[1]:.4~g}<extra></extra>",
        )
    )  # fmt: skip
    for side in (-1, 1):
        y = value[-1] + side * scale * plan.within
        _goal(figure, y, "goal" if side == 1 else "")
    if labels[-1] < plan.need.n:
        figure.add_vline(x=plan.need.n, line={"color": GREY_LINE, "width": 1, "dash": "dot"})
        annotate(
            figure, f"{write_count(plan.need.n)} planned", x=plan.need.n, y=1, yref="paper",
            xanchor="right", yanchor="top", xshift=-4, font={"size": 12, "color": QUIET},
        )  # fmt: skip
    wide = [v for v, n in zip(high, labels, strict=True) if n >= labels[-1] // 6]
    narrow = [v for v, n in zip(low, labels, strict=True) if n >= labels[-1] // 6]
    pad = 0.08 * (max(wide) - min(narrow)) or 0.5
    _finish(figure, [min(narrow) - pad, max(wide) + pad], [*labels, plan.need.n], unit)
    return Chart(
        figure,
        f"After {labels[-1]} labels: {value[-1]:.3g}{unit}, between {low[-1]:.3g} and {high[-1]:.3g}"
        f" (95 %); the goal is plus-minus {scale * plan.within:.3g}.",
        {"labels": labels, "value": value, "low": low, "high": high},
    )


def _goal(figure: Any, y: float, text: str) -> None:
    figure.add_hline(y=y, line={"color": GREY_LINE, "width": 1})
    if text:
        annotate(
            figure, text, x=1, xref="paper", y=y, xanchor="right", yanchor="bottom", xshift=-6,
            font={"size": 12, "color": QUIET},
        )  # fmt: skip


def _finish(figure: Any, span: list[float], labels: list[int], unit: str) -> None:
    finish(figure, height=HEIGHT)
    figure.update_yaxes(range=span, ticksuffix=unit)
    figure.update_xaxes(
        range=[min(labels), max(labels)], title={"text": "labels", "standoff": 4}, tickformat=",d"
    )
