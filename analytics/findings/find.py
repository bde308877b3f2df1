"""What a person would say about Results: sentences from templates, the most important first.

A finding knows nothing that is not in the Results. Over many periods the verdicts are taken
again in one family, so that a long series does not raise a flag by its length alone; periods in
a row become one finding, and so do columns that moved together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from analytics.core import Finding, Result, Verdict, Window
from analytics.stats.decision import judge
from analytics.words import (
    write_count,
    write_half_width,
    write_list,
    write_span,
    write_value,
)

_Series = tuple[str, str | None, str | None, str | None]
RANK: dict[Verdict, float] = {"critical": 200.0, "warning": 100.0, "ok": 0.0, "undefined": 0.0}
_QUALITY = (
    "missing_rate",
    "unseen_rate",
    "out_of_range_rate",
    "type_change_rate",
    "frozen",
    "duplicate_rate",
)
OFTEN = 0.01  # a reference rate from which "missing" alone would mislead
_KIND = {
    "type_change_rate": 45.0,
    "missing_rate": 40.0,
    "unseen_rate": 30.0,
    "frozen": 30.0,
    "out_of_range_rate": 5.0,
}
_LONG = timedelta(days=32)
_LOG = ("volume", "freshness", "label_coverage")


def find(results: Sequence[Result]) -> list[Finding]:
    """Findings over the Results of one question; empty when nothing moved beyond its band."""
    judged = judge_together(results)
    runs = [run for series in _series(judged) for run in _runs(series)]
    windows = {(r.window, None) for r in results}
    alone = {w for w in windows if len(windows) == 1 and _is_long(w[0])}
    moved = [r for r in runs if r[0].column is None and "better" in r[0].detail]
    found = list(_performance(moved, alone))
    found += _columns([r for r in runs if r[0].column is not None], bool(alone))
    found += _log([r for r in runs if r[0].column is None and r[0].name in _LOG + _QUALITY])
    return sorted(found, key=lambda f: -f.weight)


def _is_long(window: Window) -> bool:
    """Whether a window is named better by nothing than by its dates: it is all that was asked."""
    return window.start is None or window.end is None or window.end - window.start > _LONG


def judge_together(results: Sequence[Result]) -> list[Result]:
    """The same Results with verdicts taken in one family over all their periods."""
    periods = {(r.window, r.version) for r in results}
    at = [i for i, r in enumerate(results) if _can_change(r)]
    if len(periods) < 2 or not at:
        return list(results)
    judged = list(results)
    family = [(results[i].detail, _tolerance(results[i])) for i in at]
    for i, (verdict, p_adjusted) in zip(at, judge(family), strict=True):
        if verdict == judged[i].verdict == "ok":
            continue  # most of ten thousand: nobody speaks of them
        detail = {**results[i].detail, "p_adjusted": p_adjusted}
        judged[i] = replace(results[i], verdict=verdict, detail=detail)
    return judged


def _can_change(result: Result) -> bool:
    detail = result.detail
    return (
        result.verdict != "undefined"
        and result.value is not None
        and detail.get("p_value") is not None
        and detail.get("above_floor") is not None
    )


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


def span_of(run: Sequence[Result]) -> Window:
    """From the first period of a run to its last."""
    first, last = run[0].window, run[-1].window
    return Window(first.start, last.end, first.first_row, last.last_row)


def _worst(run: Sequence[Result]) -> Result:
    return max(run, key=lambda r: (RANK[r.verdict], float(r.detail.get("above_floor") or 0.0)))


def _weight(result: Result, kind: float, run: Sequence[Result]) -> float:
    above, tolerance = float(result.detail.get("above_floor") or 0.0), _tolerance(result)[0]
    size = min(above / tolerance, 10.0) if tolerance > 0 else 1.0
    return RANK[result.verdict] + kind + size + min(len(run), 10) / 10


def _performance(
    runs: Iterable[list[Result]], alone: Collection[tuple[Window, None]]
) -> Iterator[Finding]:
    for run in runs:
        worst = _worst(run)
        detail = worst.detail
        change = float(detail.get("change") or 0.0)
        who = f" of {worst.version}" if worst.version else ""
        which = f" for class {detail['class']}" if "class" in detail else ""
        is_one = len(run) == 1 and (run[0].window, None) in alone
        verb = "rose" if change > 0 else "fell"
        if is_one:
            verb = f"is {'higher' if change > 0 else 'lower'} than in the reference"
        unit = str(detail["unit"])
        is_labelled = worst.n_labelled is not None
        page = str(detail.get("page") or ("performance" if is_labelled else "serving"))
        noun = {"behaviour": "acts of people", "performance": "labels"}.get(page, "requests")
        labels = f"{write_count(worst.n_labelled or worst.n)} {noun}"
        against = f" against {write_value(detail.get('reference'), unit)} in the reference"
        at = f" at worst, {write_span(worst.window)}," if len(run) > 1 else ""
        span = f" {write_span(span_of(run))}" if not (is_one or span_of(run).is_whole) else ""
        yield Finding(
            title=f"{detail['label']}{who}{which} {verb}{span}",
            sentence=(
                f"{write_value(worst.value, unit)} {write_half_width(worst.low, worst.high, unit)}"
                f"{at}{against if detail.get('reference') is not None else ''}; {labels}."
            ),
            verdict=worst.verdict,
            weight=_weight(worst, 50.0 if is_labelled else 20.0, run),
            page=page,
            params=params_of(worst),
            results=tuple(run),
        )


def _columns(runs: Sequence[list[Result]], is_one: bool = False) -> list[Finding]:
    """One finding for all columns that show the same thing in the same span."""
    deciding = [r for r in runs if r[0].detail.get("decides", True) and r[0].name != "wasserstein"]
    together: dict[tuple[str, str], list[list[Result]]] = {}
    for run in deciding:
        kind = run[0].name if run[0].name in _QUALITY else "drift"
        role = str(run[0].detail.get("role", "feature")) if kind == "drift" else "column"
        role = "feature" if role == "segment" else role
        span = "" if is_one else f" {write_span(span_of(run))}"
        together.setdefault((f"{kind}:{role}", span), []).append(run)
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
    "type_change_rate": "of another type than before",
}


def _column_finding(kind: str, span: str, group: Sequence[list[Result]]) -> Finding:
    worst = _worst(group[0])
    names = [str(run[0].column) for run in group]
    verb = "is" if len(names) == 1 else "are"
    test, _, role = kind.partition(":")
    if test == "drift":
        title = f"{_roles(role, names)} moved{span}"
        sentence = (
            f"{worst.column}: {worst.detail['label']} {write_value(worst.value, 'score')}"
            f" ({write_value(worst.detail.get('above_floor'), 'score')} above what chance shows);"
            f" {write_count(worst.n)} rows."
        )
    elif test == "unseen_rate":
        levels = [str(level) for level in dict(worst.detail.get("levels", ()))]
        title = f"{worst.column} has values never seen in the reference{span}"
        sentence = f"{write_list(levels, 5)}: {write_value(worst.value, 'rate')} of {write_count(worst.n)} rows."
    else:
        title = f"{write_list(names)} {verb} {_said(test, worst)}{span}"
        at = f" {write_span(worst.window)}" if len(group[0]) > 1 else ""
        before = worst.detail.get("reference")
        usual = f", against {write_value(before, 'rate')} in the reference" if before else ""
        sentence = (
            f"{worst.column}: {write_value(worst.value, 'rate')} of {write_count(worst.n)}"
            f" rows{at}{usual}."
        )
    page = "quality" if test in _QUALITY else "drift"
    above = min(float(worst.detail.get("above_floor") or 0.0), 1.0)
    weight = _weight(worst, _KIND.get(test, 20.0) + 5 * above + min(len(group), 10), group[0])
    return Finding(
        title=title,  # a column is written as it is named
        sentence=sentence,
        verdict=worst.verdict,
        weight=weight,
        page=page,
        params={**params_of(worst), "column": str(worst.column)},
        results=tuple(r for run in group for r in run),
    )


def _said(test: str, worst: Result) -> str:
    """What is so; "more often" where the reference has some of it too."""
    said = _SAID.get(test, test)
    if float(worst.detail.get("reference") or 0.0) < OFTEN:
        return said
    return f"{said} {'more' if float(worst.detail.get('change') or 0.0) > 0 else 'less'} often"


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
        if worst.name == "freshness":  # one clock, read for every period: the newest is what counts
            worst = min(run, key=lambda r: r.value or 0.0)
        title, sentence = _say_log(worst)
        when = "" if worst.name == "freshness" else f" {write_span(span_of(run))}"
        yield Finding(
            title=f"{title}{when}",
            sentence=sentence,
            verdict=worst.verdict,
            weight=_weight(worst, 40.0, run),
            page="quality",
            params=params_of(worst),
            results=tuple(run),
        )


def _say_log(worst: Result) -> tuple[str, str]:
    detail = worst.detail
    if worst.name == "label_coverage":
        usual = (
            f" against {write_value(detail['reference'], 'rate')}" if "reference" in detail else ""
        )
        number = write_value(worst.value, "rate")
        return (
            "Fewer labels than usual",
            f"{number} of {write_count(worst.n)} rows labelled{usual}.",
        )
    if worst.name == "volume" and detail.get("expected") is not None:
        more = "More" if float(detail.get("relative_change") or 0.0) > 0 else "Fewer"
        usual = write_count(round(float(detail["expected"])))
        return (
            f"{more} rows than usual",
            f"{write_count(worst.n)} rows at worst; {usual} are usual.",
        )
    if worst.name == "freshness":
        gap = detail.get("typical_gap_s")
        usual = "" if gap is None else f"99 of 100 gaps are shorter than {write_value(gap, 's')}; "
        said = f"{usual}see whether the log is still written."
        return f"Nothing has come for {write_value(worst.value, 's')}", said[:1].upper() + said[1:]
    label = str(detail.get("label", worst.name))
    return (
        f"{label} is unusual",
        f"{write_value(worst.value, 'rate')}; {write_count(worst.n)} rows.",
    )


def params_of(result: Result) -> dict[str, str]:
    """What a link to where the Result stands carries."""
    params = {}
    if result.version:
        params["v"] = result.version
    if result.window.start and result.window.end and result.window.first_row is None:
        params["w"] = f"{_short(result.window.start)}..{_short(result.window.end)}"
    return params


def _short(moment: object) -> str:
    text = str(moment).replace(" ", "T")
    return text.removesuffix("T00:00:00")
