"""What a person would say about Results: sentences from templates, the most important first.

A finding knows nothing that is not in the Results. Over many periods the verdicts are taken
again in one family, so that a long series does not raise a flag by its length alone; periods in
a row become one finding, and so do columns that moved together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from analytics.core import Estimate, Finding, Result, Verdict, Window
from analytics.stats.decision import decide
from analytics.words import write_count, write_half_width, write_list, write_span, write_value

_Series = tuple[str, str | None, str | None, str | None]
_RANK: dict[Verdict, float] = {"critical": 200.0, "warning": 100.0, "ok": 0.0, "undefined": 0.0}
_QUALITY = ("missing_rate", "unseen_rate", "out_of_range_rate", "frozen", "duplicate_rate")
_LOG = ("volume", "freshness", "label_coverage")


def find(results: Sequence[Result]) -> list[Finding]:
    """Findings over the Results of one question; empty when nothing moved beyond its band."""
    judged = judge_together(results)
    runs = [run for series in _series(judged) for run in _runs(series)]
    found = list(_performance([r for r in runs if r[0].column is None and "better" in r[0].detail]))
    found += _columns([r for r in runs if r[0].column is not None])
    found += _log([r for r in runs if r[0].column is None and r[0].name in _LOG + _QUALITY])
    return sorted(found, key=lambda f: -f.weight)


def judge_together(results: Sequence[Result]) -> list[Result]:
    """The same Results with verdicts taken in one family over all their periods."""
    periods = {(r.window, r.version) for r in results}
    at = [
        i for i, r in enumerate(results) if r.detail.get("p_value") is not None and _can_change(r)
    ]
    if len(periods) < 2 or not at:
        return list(results)
    judged = list(results)
    evidence = [
        (Estimate(results[i].value, detail=results[i].detail), _tolerance(results[i])) for i in at
    ]
    for i, (verdict, p_adjusted) in zip(at, decide(evidence), strict=True):
        detail = {**results[i].detail, "p_adjusted": p_adjusted}
        judged[i] = replace(results[i], verdict=verdict, detail=detail)
    return judged


def _can_change(result: Result) -> bool:
    return result.verdict != "undefined" and result.detail.get("above_floor") is not None


def _tolerance(result: Result) -> tuple[float, float]:
    low, high = result.detail.get("tolerance", (0.02, 0.05))
    return float(low), float(high)


def _key(result: Result) -> _Series:
    return (result.name, result.column, result.version, result.detail.get("class"))


def _series(results: Iterable[Result]) -> Iterable[list[Result]]:
    """The Results of one number over its periods, in the order they came."""
    series: dict[_Series, list[Result]] = {}
    for result in results:
        series.setdefault(_key(result), []).append(result)
    return series.values()


def _runs(series: Sequence[Result]) -> Iterator[list[Result]]:
    """Neighbouring periods that carry a warning or worse; a gap of one quiet period is bridged."""
    run: list[Result] = []
    quiet = 0
    for result in series:
        if result.verdict in ("warning", "critical"):
            run.append(result)
            quiet = 0
        elif run:
            quiet += 1
            if quiet > 1:
                yield run
                run, quiet = [], 0
    if run:
        yield run


def _span(run: Sequence[Result]) -> Window:
    first, last = run[0].window, run[-1].window
    return Window(first.start, last.end, first.first_row, last.last_row)


def _worst(run: Sequence[Result]) -> Result:
    return max(run, key=lambda r: (_RANK[r.verdict], float(r.detail.get("above_floor") or 0.0)))


def _weight(result: Result, kind: float, run: Sequence[Result]) -> float:
    above, tolerance = float(result.detail.get("above_floor") or 0.0), _tolerance(result)[0]
    size = min(above / tolerance, 10.0) if tolerance > 0 else 1.0
    return _RANK[result.verdict] + kind + size + min(len(run), 10) / 10


def _performance(runs: Iterable[list[Result]]) -> Iterator[Finding]:
    for run in runs:
        worst = _worst(run)
        detail = worst.detail
        change = float(detail.get("change") or 0.0)
        who = f" of {worst.version}" if worst.version else ""
        which = f" for class {detail['class']}" if "class" in detail else ""
        verb = "rose" if change > 0 else "fell"
        unit = str(detail["unit"])
        labels = f"{write_count(worst.n_labelled)} labels" if worst.n_labelled is not None else ""
        against = f" against {write_value(detail.get('reference'), unit)} in the reference"
        at = f" at worst, {write_span(worst.window)}," if len(run) > 1 else ""
        span = f" {write_span(_span(run))}" if not _span(run).is_whole else ""
        yield Finding(
            title=f"{detail['label']}{who}{which} {verb}{span}",
            sentence=(
                f"{write_value(worst.value, unit)} {write_half_width(worst.low, worst.high, unit)}"
                f"{at}{against if detail.get('reference') is not None else ''}; {labels}."
            ),
            verdict=worst.verdict,
            weight=_weight(worst, 50.0, run),
            page="performance",
            params=_params(worst),
            results=tuple(run),
        )


def _columns(runs: Sequence[list[Result]]) -> list[Finding]:
    """One finding for all columns that show the same thing in the same span."""
    deciding = [r for r in runs if r[0].detail.get("decides", True) and r[0].name != "wasserstein"]
    together: dict[tuple[str, str], list[list[Result]]] = {}
    for run in deciding:
        kind = run[0].name if run[0].name in _QUALITY else "drift"
        role = str(run[0].detail.get("role", "feature")) if kind == "drift" else "column"
        role = "feature" if role == "segment" else role
        together.setdefault((f"{kind}:{role}", write_span(_span(run))), []).append(run)
    found = []
    for (kind, span), group in together.items():
        group.sort(key=lambda run: -float(_worst(run).detail.get("above_floor") or 0.0))
        found.append(_column_finding(kind, span, group))
    return found


_SAID = {
    "missing_rate": "missing",
    "unseen_rate": "never seen in the reference",
    "out_of_range_rate": "outside the reference's range",
    "frozen": "not moving",
}


def _column_finding(kind: str, span: str, group: Sequence[list[Result]]) -> Finding:
    worst = _worst(group[0])
    names = [str(run[0].column) for run in group]
    verb = "is" if len(names) == 1 else "are"
    test, _, role = kind.partition(":")
    if test == "drift":
        title = f"{_roles(role, names)} moved {span}"
        sentence = (
            f"{worst.column}: {worst.detail['label']} {write_value(worst.value, 'score')}"
            f" ({write_value(worst.detail.get('above_floor'), 'score')} above what chance shows);"
            f" {write_count(worst.n)} rows."
        )
    elif test == "unseen_rate":
        levels = [str(level) for level, _n in worst.detail.get("levels", ())]
        title = f"{worst.column} has values never seen in the reference {span}"
        sentence = f"{write_list(levels, 5)}: {write_value(worst.value, 'rate')} of {write_count(worst.n)} rows."
    else:
        title = f"{write_list(names)} {verb} {_SAID.get(test, test)} {span}"
        sentence = (
            f"{worst.column}: {write_value(worst.value, 'rate')} of {write_count(worst.n)} rows."
        )
    page = "quality" if test in _QUALITY else "drift"
    weight = _weight(worst, 30.0 if page == "quality" else 20.0, group[0])
    return Finding(
        title=title[:1].upper() + title[1:],
        sentence=sentence,
        verdict=worst.verdict,
        weight=weight,
        page=page,
        params={**_params(worst), "column": str(worst.column)},
        results=tuple(r for run in group for r in run),
    )


def _roles(role: str, names: Sequence[str]) -> str:
    if role == "feature":
        return write_list(names)
    return {
        "score": "The score",
        "prediction": "The share of predictions",
        "label": "The label",
    }.get(role, write_list(names))


def _log(runs: Iterable[list[Result]]) -> Iterator[Finding]:
    for run in runs:
        worst = _worst(run)
        label = str(worst.detail.get("label", worst.name))
        unit = None if worst.name in ("volume", "freshness") else "rate"
        yield Finding(
            title=f"{label} is unusual {write_span(_span(run))}",
            sentence=f"{write_value(worst.value, unit)}; {write_count(worst.n)} rows.",
            verdict=worst.verdict,
            weight=_weight(worst, 40.0, run),
            page="quality",
            params=_params(worst),
            results=tuple(run),
        )


def _params(result: Result) -> dict[str, str]:
    params = {}
    if result.version:
        params["v"] = result.version
    if result.window.start and result.window.end and result.window.first_row is None:
        params["w"] = f"{_short(result.window.start)}..{_short(result.window.end)}"
    return params


def _short(moment: object) -> str:
    text = str(moment).replace(" ", "T")
    return text.removesuffix("T00:00:00")
