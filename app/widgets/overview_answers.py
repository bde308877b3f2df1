"""Everything the Overview asks, gathered: cards, the series, and what is worth a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from analytics.core import Finding, Result
from analytics.errors import TelltaleError
from analytics.findings import cut_at_end, find, speak, speak_of_slices
from analytics.words import write_value
from app.widgets.empty_state import Waiting

if TYPE_CHECKING:
    from app.widgets.view import View

Card = tuple[Result, Sequence[Result], str]
FORECAST = ("mean_score", "positive_rate")
MONTHS_FROM_DAYS = 85
AT_ONCE = 40_000_000  # values: checking more of them takes seconds
FEATURES_ONLY = Finding(
    "This log holds features only",
    "Without a prediction there is no performance: see whether the data moved, or import a log with"
    " predictions of the same ids.",
    "undefined",
    0.0,
    "quality",
)


@dataclass(frozen=True, slots=True)
class OverviewAnswers:
    """The answers behind the page; ``speaking`` are the periods that the first sentence is about."""

    view: View
    label: str
    cards: Sequence[Card]
    whole: Sequence[Result]
    head: Sequence[Result]
    split: Sequence[Result]
    speaking: Sequence[Result]

    def opening(self) -> Finding:
        """The first sentence: of the metrics, or that the log has none to judge."""
        if self.view.dataset.schema.task == "none":
            return FEATURES_ONLY
        return speak(self.speaking, self.whole)

    @property
    def is_quality_left(self) -> bool:
        """Whether looking at every value of window and reference is left to the page Data quality."""
        facts = self.view.facts
        n_rows = sum(group.n for group in (facts.now, facts.reference) if group)
        n_values = n_rows * len(self.view.dataset.schema.features)
        return n_values > AT_ONCE and not self.view.is_known("quality", every="day")

    def changes(self) -> list[Finding]:
        """What changed most: the metric by period, drift of the window, data quality by day."""
        found = find(cut_at_end(self.split, self.whole))
        seen = {r.name for f in found for r in f.results}
        found += [f for f in find(self.whole) if not seen & {r.name for r in f.results}]
        view = self.view
        is_asked = view.has_times and not self.is_quality_left
        questions = [("quality", "Checking the data", {"every": "day"})] if is_asked else []
        if view.has_reference:
            questions.insert(0, ("drift", "Comparing columns", {}))
        if view.viewer.role == "product_owner" and view.dataset.log("events").n_rows:
            questions.append(("behaviour", "Counting what people do", {}))
        for name, what, changes in questions:
            try:
                found += find(view.ask(name, what, **changes))
            except TelltaleError:  # the page of that name says why
                continue
        found += _weak_slice(view)
        return sorted(found, key=lambda f: -f.weight)


def _weak_slice(view: View) -> list[Finding]:
    """The slice that costs most, where it is known or found at once; the page Slices has the rest."""
    from app.search import is_long
    from app.widgets.slice_controls import default_search

    may = view.viewer.may("explore", view.model) and view.has_labels
    if not may or view.dataset.schema.task == "none" or is_long(view.dataset):
        return []
    try:
        weak: list[Result] = view.answer_of("slices", default_search(view)).value
    except TelltaleError:  # the page Slices says why
        return []
    spoken = speak_of_slices(weak, 0)
    return [spoken] if spoken.page else []


def read_overview(
    view: View,
    names: Sequence[str],
    every: str,
    early: Callable[[Sequence[Card]], None] | None = None,
) -> OverviewAnswers:
    """Ask for the headline, the metrics as a whole and by period, and by version.

    ``early`` is given the first cards where the rest does not come at once.
    """
    has_task = view.dataset.schema.task != "none"
    asked = (*names, *_forecast(view))
    whole = view.ask("performance", "Comparing", names=asked) if has_task else []
    mine = [r for r in whole if r.name in names]
    first_cards = [_card(r, [], "") for r in mine if "class" not in r.detail]
    soon = partial(early, first_cards) if early is not None and mine else None
    series: Sequence[Result] = []
    if has_task:
        cutting = Waiting(f"Cutting by {every}", soon)
        series = view.ask("performance", cutting, names=asked, every=every)
    head = view.ask("headline", "Counting")
    head_series = view.ask("headline", f"Counting by {every}", every=every)
    split = [r for r in series if r.name == names[0]] if names else []
    if len(view.versions) > 1 and view.selection.version is None and names:
        split = view.ask(
            "performance", f"Cutting by {every}", names=names[:1], every=every, by_version=True
        )
    cards = [_card(r, series, "") for r in whole if r.name in names and "class" not in r.detail]
    cards += [_card(r, head_series, _note(view, r, whole)) for r in head]
    first = whole[0] if whole else None
    label = str(first.detail["label"]) if first else "Rows"
    speaking = _by_month(view, names) or split
    return OverviewAnswers(view, label, cards[:5], mine, head, split, speaking)


def _forecast(view: View) -> tuple[str, ...]:
    from analytics.catalog import metrics_for

    if view.dataset.schema.task != "binary":
        return ()
    known = metrics_for("binary")
    wanted = FORECAST if view.dataset.schema.has("score") else FORECAST[1:]
    return tuple(name for name in wanted if name in known)[:1]


def _card(result: Result, series: Sequence[Result], note: str) -> Card:
    return result, [r for r in series if r.name == result.name], note


def _note(view: View, result: Result, whole: Sequence[Result]) -> str:
    if result.name == "label_coverage":
        if not view.has_labels:
            return "none yet"
        return "provisional" if view.facts.is_provisional else "settled"
    forecast = next((r for r in whole if r.name in FORECAST), None)
    if result.name == "observed_rate" and forecast is not None:
        return f"forecast {write_value(forecast.value, 'rate')}"
    return ""


def _by_month(view: View, names: Sequence[str]) -> Sequence[Result]:
    """Months, where the window has some: people speak of months."""
    now = view.facts.now
    if now is None or now.first is None or now.last is None or not names:
        return []
    if (now.last - now.first).days < MONTHS_FROM_DAYS:
        return []
    found: Sequence[Result] = view.ask(
        "performance",
        "Cutting by month",
        names=tuple(names),
        every="month",
        by_version=len(view.versions) > 1 and view.selection.version is None,
    )
    return found
