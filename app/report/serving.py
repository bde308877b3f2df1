"""What the page Serving says, for a report: latency, promise, load, machine, errors, silences, cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from analytics.errors import TelltaleError
from analytics.evaluate.failing import title_of
from analytics.findings import speak
from analytics.words import (
    SHAPES,
    WORDS,
    unit_of,
    write_interval,
    write_value,
)
from app import served
from app.charts import (
    Chart,
    latency_chart,
    pace_chart,
    serving_strips,
    timeline_chart,
    version_marks,
)
from app.report.reader import Reader, Section
from app.terms import in_currency, promise_words

if TYPE_CHECKING:
    from analytics.core import Result

SPOKEN = ("latency_p95", "error_rate")


@dataclass(slots=True)
class _Parts:
    """What the parts of the section have said so far."""

    said: list[str] = field(default_factory=list)
    charts: list[tuple[str, Chart]] = field(default_factory=list)
    tables: list[tuple[str, dict[str, list[Any]]]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def draw(self, title: str, chart: Chart | None, caption: str = "") -> None:
        """A chart, where there is one to draw."""
        if chart is not None:
            self.charts.append((title, replace(chart, caption=caption or chart.caption)))

    def list_rows(self, title: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Rows of the same columns, where there are any."""
        if rows:
            self.tables.append((title, {name: [row[name] for row in rows] for name in rows[0]}))


def serving(reader: Reader, metric: Sequence[Result]) -> Section:
    """Everything of the page, the timeline beside the main metric first."""
    whole = reader.ask("serving")
    series = reader.ask("serving", every=reader.every)
    strips = serving_strips(series, metric if reader.has_labels else [])
    parts = _Parts()
    parts.draw("One timeline", timeline_chart(strips, version_marks(reader.facts.versions)))
    spread = reader.ask("latency_map", every=reader.every)
    if spread is not None:
        parts.draw("Spread of latency", latency_chart(spread))
    for tell in (_promise, _machine, _errors, _silences, _cost):
        try:
            tell(reader, whole, parts)
        except TelltaleError as error:  # the others can still be told
            parts.said.append(" ".join(filter(None, (error.what, error.why, error.do))))
    lead = speak(*([r for r in rs if r.name in SPOKEN] for rs in (series, whole)))
    results = (*whole, *parts.results, *series)
    return Section(
        "Serving", lead, tuple(parts.said), tuple(parts.charts), results, tuple(parts.tables)
    )


def _promise(reader: Reader, whole: Sequence[Result], parts: _Parts) -> None:
    """Kept or broken, the budget over time, and the load that still kept it."""
    promise = reader.terms.promise or served.example_promise(whole)
    if promise is None:
        parts.said.append("No latency was logged: nothing can be said of a promise or of headroom.")
        return
    words, is_made = promise_words(promise), reader.terms.promise is not None
    found = reader.ask(f"promise:{words}")
    series = reader.ask(f"promise:{words}", every=reader.every)
    parts.said.append(served.say_promise(promise, found))
    if not is_made:
        parts.said.append(served.EXAMPLE)
    parts.draw("Promise and error budget", timeline_chart(served.promise_strips(series)))
    parts.list_rows("Promise and error budget", [_row(r, served.note_of(r)) for r in found])
    load = reader.ask(f"load:{words}")
    parts.results += found
    if load is None:
        parts.said.append(
            "There is no load over time: the log has no timestamps, or is cut by rows."
        )
        return
    parts.said.append(served.say_load(load, "" if is_made else ", the example"))
    parts.draw("Latency against load", pace_chart(load), served.explain_dots(load))
    parts.list_rows("Load and headroom", [_row(r) for r in load.results])
    parts.results += load.results


def _row(result: Result, note: str = "") -> dict[str, object]:
    unit = unit_of(result)
    is_told = result.verdict == "undefined" and result.value is not None  # nothing to judge it by
    return {
        "number": str(result.detail.get("label", result.name)),
        "value": "not enough data" if result.value is None else write_value(result.value, unit),
        "95 % interval": write_interval(result.low, result.high, unit),
        "requests": result.n,
        "verdict": "" if is_told else f"{SHAPES[result.verdict]} {WORDS[result.verdict]}",
        "note": note if is_told and note else result.reason or note,
    }


def _machine(reader: Reader, _whole: Sequence[Result], parts: _Parts) -> None:
    found = reader.ask("machine")
    parts.said.append(served.say_machine(found) if found else "No resources were measured.")
    parts.list_rows("Machine", [served.use_row(use) for use in found])


def _errors(reader: Reader, _whole: Sequence[Result], parts: _Parts) -> None:
    """By kind and message, and by the frames of their stacks; no requests by name."""
    if not reader.may_explore:
        parts.said.append("Errors are left out: they need the right to explore the model.")
        return
    failed = reader.ask("errors")
    if not failed:
        parts.said.append("No request failed in this window.")
    parts.list_rows(
        "Errors by message",
        [
            {
                "error": f.kind,
                "share of requests": served.write_share(f),
                "message": f.message,
                "count": f.n,
                "of requests": f.n_all,
                **served.seen_row(f),
            }
            for f in failed
        ],
    )
    parts.list_rows(
        "Errors by stack",
        [
            {
                "error": title_of(s),
                "share of requests": served.write_share(s),
                "count": s.n,
                "of requests": s.n_all,
                "frames, the place that failed first": " ← ".join(served.write_frames(s)),
                **served.seen_row(s),
            }
            for s in reader.ask("stacks")
        ],
    )


def _silences(reader: Reader, _whole: Sequence[Result], parts: _Parts) -> None:
    found = reader.ask("silences")
    longest = [r for r in found if r.name == "silence"]
    if longest:
        parts.said.append(served.say_usual(found[0]))
        parts.list_rows("Silences", [served.silence_row(r) for r in longest])
    parts.results += found


def _cost(reader: Reader, _whole: Sequence[Result], parts: _Parts) -> None:
    price = reader.terms.price_per_hour
    if price is None:
        parts.said.append("No price was given: telltale schema MODEL --price PER_HOUR,CURRENCY.")
        return
    found = [in_currency(r, reader.terms.currency) for r in reader.ask(f"cost:{price!r}")]
    notes = [f"{r.detail['hours']:,.0f} h at {price:g} an hour" for r in found]
    parts.list_rows("Cost", [_row(r, note) for r, note in zip(found, notes, strict=True)])
    if found:
        parts.said.append(served.COST)
    parts.results += found
