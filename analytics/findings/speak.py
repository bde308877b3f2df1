"""The first sentence of a page: what matters most, or calmly that nothing does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from analytics.core import Finding, Result, Verdict
from analytics.findings.find import RANK, find, judge_together, params_of, span_of
from analytics.stats.falls import fallen
from analytics.words import (
    unit_of,
    write_amount,
    write_count,
    write_half_width,
    write_list,
    write_span,
    write_value,
)

NOT_COMPARED = (
    "Numbers without a reference carry no verdict; {looked}. Choose one under Compare with."
)
_Pair = tuple[Result, Result]  # accuracy and ROC AUC of one period
MIN_CONTRAST = 3  # periods from which "best" and "worst" mean something


def speak(series: Sequence[Result], whole: Sequence[Result] = ()) -> Finding:
    """The one sentence that a page opens with: what matters most, or calmly that nothing does.

    ``series`` are Results by period, ``whole`` those of the window as one period.
    """
    series = cut_at_end(series, whole)
    contrast = find_contrast(series)
    if contrast is not None:
        return contrast
    found = [*find(series), *find(whole)]
    if found:
        return max(found, key=lambda f: f.weight)
    return calm(whole or series)


def cut_at_end(series: Sequence[Result], whole: Sequence[Result]) -> list[Result]:
    """The same periods, the newest cut after the last day of the window: a week says no later date."""
    ends = [r.window.end for r in whole if r.window.end is not None]
    if not ends:
        return list(series)
    day = datetime.combine((max(ends) - timedelta(microseconds=1)).date(), time.min)
    until = day + timedelta(days=1)
    return [
        replace(r, window=replace(r.window, end=until))
        if r.window.start and r.window.end and r.window.start < until < r.window.end
        else r
        for r in series
    ]


def speak_of_drift(results: Sequence[Result], performance: Sequence[Result]) -> Finding:
    """How many columns moved, which most, and whether the model's performance held."""
    deciding = [
        r
        for r in results
        if r.detail.get("decides") and r.name not in ("missing_rate", "unseen_rate")
    ]
    moved = [r for r in deciding if r.verdict in ("warning", "critical")]
    moved.sort(key=lambda r: (-RANK[r.verdict], -float(r.detail.get("above_floor") or 0.0)))
    if not moved:
        return calm(deciding)
    count = f"{len(moved)} of {len(deciding)} columns moved"
    names = write_list([str(r.column) for r in moved])
    worst = moved[0]
    effect = f"{worst.column}: {worst.detail['label']} {write_value(worst.value, 'score')}"
    said, verdict = _what_it_did(performance, worst)
    return Finding(
        title=f"{count}: {names}",
        sentence=f"{effect}; {said}.",
        verdict=verdict,
        weight=RANK[verdict],
        page="drift",
        results=(worst,),
    )


def _what_it_did(performance: Sequence[Result], worst: Result) -> tuple[str, Verdict]:
    """Whether headline metrics held: harmless only where none of them surely fell."""
    known = [r for r in performance if r.value is not None and r.verdict != "undefined"]
    known = [r for r in known if r.detail.get("reference") is not None]
    if not known:
        return "whether it did harm is not known yet: labels are missing", worst.verdict
    over = [r for r in known if r.verdict in ("warning", "critical")]
    fell = fallen(known)
    main = max(over, key=lambda r: RANK[r.verdict]) if over else known[0]
    unit = unit_of(main)
    number = f"{write_value(main.value, unit)} {write_half_width(main.low, main.high, unit)}"
    against = f"(reference {write_value(main.detail['reference'], unit)})"
    if over:
        said = f"{main.detail['label']} moved too, to {number} {against}"
        more = [f for f in fell if f.name != main.name]
        said += f"; {write_list([_say_fall(f) for f in more[:2]])}" if more else ""
        return said, max(worst.verdict, main.verdict, key=lambda v: RANK[v])
    if fell:
        little = "less than counts by itself, but surely"
        return f"{write_list([_say_fall(f) for f in fell[:2]])}: {little}", "warning"
    return f"{main.detail['label']} held at {number} {against}: harmless so far", "ok"


def _say_fall(fall: Result) -> str:
    """A metric's change for the worse, with its interval."""
    unit, detail = unit_of(fall), fall.detail
    low, high = sorted((abs(detail["change_low"]), abs(detail["change_high"])))
    points = " points" if unit in ("share", "rate") else ""
    verb = "fell" if detail["change"] < 0 else "rose"
    size, ends = (
        write_amount(abs(detail["change"]), unit),
        (write_amount(x, unit) for x in (low, high)),
    )
    return f"{detail['label']} {verb} by {size}{points} ({' to '.join(ends)})"


def calm(results: Sequence[Result]) -> Finding:
    """Nothing to say, and with how many rows and labels it was looked for."""
    most = sorted(results, key=lambda r: -r.n)[:1]  # whose rows the sentence names
    n = most[0].n if most else 0
    labels = max((r.n_labelled or 0 for r in results), default=0)
    known = [r for r in results if r.verdict != "undefined"]
    looked = f"{write_count(n)} rows" + (f", {write_count(labels)} labels" if labels else "")
    if not known:
        return Finding(*_why_not(results, looked), "undefined", 0.0, results=tuple(most))
    compared = any(
        r.detail.get("reference") is not None or r.detail.get("n_reference") for r in known
    )
    if not compared:
        said = NOT_COMPARED.format(looked=looked)
        title = "There is nothing to compare with"
        return Finding(title, said, "undefined", 0.0, results=tuple(most))
    title = "Nothing moved beyond its band"
    return Finding(title, f"{looked[:1].upper()}{looked[1:]}.", "ok", 0.0, results=tuple(most))


def _why_not(results: Sequence[Result], looked: str) -> tuple[str, str]:
    """Why nothing can be judged, and what would change that."""
    reasons = [r.reason for r in results if r.reason]
    if reasons and all("no labels" in reason for reason in reasons):
        said = f"{looked} wait for them. Import labels of the same ids to see performance."
        return "No labels have arrived yet", said
    if reasons and all("compare with" in reason for reason in reasons):
        return "There is nothing to compare with", NOT_COMPARED.format(looked=looked)
    reason = reasons[0] if reasons else "no rows in this window"
    return "There is not enough to judge yet", f"{_start(reason)}; {looked}."


def find_contrast(series: Sequence[Result]) -> Finding | None:
    """A period in which accuracy is high while the ranking is poor, beyond its band.

    The classic trap of a rare outcome: when few rows are positive, saying "no" is right more
    often, while the order of the scores may be worse than ever. Each version is looked at alone;
    a period that is best in the one and worst in the other comes first.
    """
    if not {"accuracy", "roc_auc"} <= {r.name for r in series}:
        return None
    judged = judge_together(series)
    found = []
    for version in dict.fromkeys(r.version for r in judged):
        mine = [r for r in judged if r.version == version and r.verdict != "undefined"]
        looks = {r.window: r for r in mine if r.name == "accuracy"}
        ranks = {r.window: r for r in mine if r.name == "roc_auc" and r.window in looks}
        both = [(looks[w], ranks[w]) for w in ranks]
        if len(both) >= MIN_CONTRAST:
            found += [f for pair in both if (f := _contrast(pair, both)) is not None]
    return max(found, key=lambda f: f.weight, default=None)


def _contrast(pair: _Pair, both: Sequence[_Pair]) -> Finding | None:
    look, rank = pair
    if rank.verdict not in ("warning", "critical") or look.verdict != "ok":
        return None
    if float(look.detail.get("change_low") or 0.0) <= 0:  # not surely above the reference
        return None
    is_best = look.value == max(float(a.value or 0.0) for a, _r in both)
    is_worst = rank.value == min(float(r.value or 1.0) for _a, r in both)
    who = rank.version or "the model"
    looks = "looks best" if is_best else "looks better"
    said = f"{looks} and ranks {'worst' if is_worst else 'below its reference'}"
    look_reference, rank_reference = look.detail["reference"], rank.detail["reference"]
    return Finding(
        title=f"{_start(write_span(rank.window))} {who} {said}",
        sentence=(
            f"Accuracy rose to {write_value(look.value, 'score')}"
            f" {write_half_width(look.low, look.high, 'score')}"
            f" (reference {write_value(look_reference, 'score')}){', its highest' if is_best else ''};"
            f" {rank.detail['label']} fell to {write_value(rank.value, 'score')}"
            f" {write_half_width(rank.low, rank.high, 'score')}"
            f" (reference {write_value(rank_reference, 'score')}){', its lowest' if is_worst else ''}."
        ),
        verdict=rank.verdict,
        weight=RANK[rank.verdict]
        + 90.0
        + 5.0 * (is_best and is_worst)
        + float(look.detail["change"])
        - float(rank.detail["change"]),
        page="performance",
        params={**params_of(rank), "metric": "roc_auc"},
        results=(rank, look),
    )


def write_since(finding: Finding) -> str:
    """When a finding was so and how many labels or rows confirm it."""
    results = [r for r in finding.results if r.name == finding.results[0].name]
    if not results:
        return ""
    span = write_span(span_of(results))
    labelled = [r.n_labelled for r in results if r.n_labelled is not None]
    if finding.page == "performance" and labelled:
        return f"{span}, {write_count(sum(labelled))} labels"
    what = "decisions" if finding.page == "behaviour" else "rows"
    return f"{span}, {write_count(sum(r.n for r in results))} {what}"


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def choose(found: Sequence[Finding], most: int = 5, alike: int = 2) -> list[Finding]:
    """The most important findings, at most ``alike`` about one page."""
    chosen: list[Finding] = []
    for finding in found:
        if sum(f.page == finding.page for f in chosen) < alike:
            chosen.append(finding)
    return chosen[:most]
