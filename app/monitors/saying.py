"""An incident in words: its title, its evidence, when it was, and where a link about it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from analytics.core import Condition, Verdict, Window
from analytics.monitors.incidents import MOVED
from analytics.monitors.kinds import METRICS
from analytics.monitors.moments import row_of
from analytics.query.cells import segment_text
from analytics.words import (
    write_amount,
    write_count,
    write_half_width,
    write_list,
    write_moment,
    write_span,
    write_value,
)
from app.session import KEYS, format_window
from app.state.monitors import Found

FAULTS = {
    "missing_rate": "missing",
    "unseen_rate": "new to the model",
    "type_change_rate": "of another type",
    "out_of_range_rate": "out of range",
}
MOST_NAMED, MOST_FELL = 3, 4


@dataclass(frozen=True, slots=True)
class Span:
    """From the first bad period until it was over (None: it lasts)."""

    start: datetime | None
    end: datetime | None
    first_row: int | None
    last_row: int | None

    @property
    def is_rows(self) -> bool:
        """Whether the log has no times."""
        return self.first_row is not None

    def window(self, now: datetime | None = None) -> str:
        """The words of a link's window; one that lasts ends ``now``."""
        if self.first_row is not None:
            return f"{self.first_row}..{self.last_row - 1}rows" if self.last_row else "all"
        end = self.end or now
        if self.start is None or end is None or end <= self.start:
            return "all"
        return format_window(self.start, end)


def span_of(found: Found) -> Span:
    """When an incident was, from its first bad period."""
    cause = found.facts.get("cause") or {}
    start = cause.get("start")
    end = found.resolved
    if row_of(found.started) is not None or cause.get("first_row") is not None:
        return Span(None, None, cause.get("first_row") or 0, row_of(end))
    return Span(datetime.fromisoformat(start) if start else found.started, end, None, None)


def say_when(found: Found, zone: str = "UTC") -> str:
    """When, in words: from 16 September to 9 December 2013, since 30 December 2013, since row 0."""
    span = span_of(found)
    if span.is_rows:
        first = write_count(span.first_row or 0)
        return (
            f"rows {first} to {write_count(span.last_row)}"
            if span.last_row
            else f"since row {first}"
        )
    if span.start is None:
        return ""
    if span.end is None:
        is_day = span.start.time() == time()
        return f"since {_day(span.start)}" if is_day else f"since {write_moment(span.start, zone)}"
    return write_span(Window(span.start, span.end), with_year=True)


def verdict_of(found: Found) -> Verdict:
    """The shape and colour of an incident; harmless ones have none."""
    if found.kind == "harmless":
        return "undefined"
    return "critical" if found.severity == "critical" else "warning"


def word_of(found: Found) -> str | None:
    """The word beside the shape, where it is not the verdict's own."""
    return "harmless" if found.kind == "harmless" else None


def title_of(found: Found) -> str:
    """What a person would say first."""
    facts = found.facts
    cause, loss = facts.get("cause") or {}, facts.get("consequence")
    names = list(facts.get("columns") or [])
    if found.kind in ("drift", "harmless"):
        verb = "moved, and the metric held" if found.kind == "harmless" else "moved"
        return f"{write_list(names, MOST_NAMED)} {verb}"
    if found.kind == "harm" and loss and cause.get("question") in METRICS:
        return _say_loss(loss)
    if found.kind == "harm" and loss and is_drift(found):
        return f"{write_list(names, MOST_NAMED)} moved, and {_say_loss(loss)}"
    fault = _say_fault(cause, names)
    return f"{fault}, and {_say_loss(loss)}" if loss else fault


def is_drift(found: Found) -> bool:
    """Whether what came first is values that moved: no fault, and no loss."""
    cause = found.facts.get("cause") or {}
    return cause.get("question") == "drift" or cause.get("name") in MOVED


def _say_toll(facts: Mapping[str, Any]) -> str:
    """By how much the metric fell while columns moved, and what fell with it."""
    loss, unit = facts["consequence"], facts["consequence"].get("unit")
    change, low, high = (loss.get(k) for k in ("change", "change_low", "change_high"))
    if change is None or low is None or high is None:
        return ""
    sizes = [write_amount(abs(x), unit) for x in sorted((low, high), key=abs)]
    points = " points" if unit in ("share", "rate") else ""
    verb = "fell" if change < 0 else "rose"
    little = "" if loss.get("counts", True) else ", less than counts by itself"
    said = (
        f"{loss['label']} {verb} by {write_amount(abs(change), unit)}{points} ({sizes[0]} to {sizes[1]})"
        f" against the reference while they moved{little}."
    )
    others = [
        f"{o['label']} to {write_value(o['value'], o['unit'])}" for o in facts.get("fell") or []
    ]
    return f"{said} With it went {write_list(others, MOST_FELL)}." if others else said


def _say_loss(fact: Mapping[str, Any]) -> str:
    value, before, unit = fact.get("value"), fact.get("reference"), fact.get("unit")
    label = str(fact.get("label"))
    if before is None or value is None:
        return f"{label} is {write_value(value, unit)}"
    verb = "fell" if value < before else "rose"
    return f"{label} {verb} to {write_value(value, unit)}, from {write_value(before, unit)}"


def _say_fault(fact: Mapping[str, Any], names: list[str]) -> str:
    name, value, before = str(fact.get("name")), fact.get("value"), fact.get("reference")
    who = write_list(names or [str(fact.get("column") or "")], MOST_NAMED)
    verb = "is" if len(names) <= 1 else "are"
    if name == "frozen":
        return f"{who} {'does' if len(names) <= 1 else 'do'} not move"
    if name in FAULTS:
        said = f"{who} {verb} {FAULTS[name]}"
        if value is not None:
            said += f" in {write_value(value, 'rate')} of rows"
        return said if before is None else f"{said}, {write_value(before, 'rate')} before"
    label = str(fact.get("label"))
    where = f" of {fact['column']}" if fact.get("column") else ""
    return f"{label}{where} is {write_value(value, fact.get('unit'))}"


def sentence_of(found: Found) -> str:
    """The evidence, what came together with it, and what was muted."""
    facts = found.facts
    fact = facts.get("consequence") or facts.get("cause") or {}
    unit, n = fact.get("unit"), fact.get("n")
    labels = "labels" if fact.get("question") in ("performance", "slice") else "rows"
    ends = write_half_width(fact.get("low"), fact.get("high"), unit)
    number = f"{fact.get('label')} {write_value(fact.get('value'), unit)} {ends}".strip()
    is_toll = found.kind == "harm" and is_drift(found)
    when = "while they moved" if is_toll else "in the period that raised it"
    pieces = [f"{number}, {write_count(n or 0)} {labels} {when}."]
    if is_toll:
        pieces.append(_say_toll(facts))
    if facts.get("reason"):
        pieces.append(str(facts["reason"]))
    names = list(facts.get("columns") or [])
    if found.kind == "harm" and names and (facts.get("cause") or {}).get("question") in METRICS:
        pieces.append(
            f"{write_list(names, MOST_NAMED)} moved in the same weeks, which proves nothing."
        )
    if found.kind == "drift":
        pieces.append("Nothing was labelled in time to say whether the model does worse.")
    if facts.get("muted"):
        pieces.append(f"The drift of {write_list(facts['muted'], MOST_NAMED)} follows from it.")
    return " ".join(pieces)


def link_params(found: Found, model: str, now: datetime | None) -> dict[str, dict[str, str]]:
    """What links from an incident carry, by page: the window, the column, the metric, the rows."""
    facts = found.facts
    cause, loss = facts.get("cause") or {}, facts.get("consequence")
    base = {KEYS["model"]: model, KEYS["window"]: span_of(found).window(now)}
    for key, name in (("reference", "compared"), ("version", "version")):
        if cause.get(name):
            base[KEYS[key]] = str(cause[name])
    column = cause.get("column") or next(iter(facts.get("columns") or []), None)
    rows = dict(base)
    if cause.get("name") == "missing_rate" and cause.get("column"):
        rows[KEYS["segment"]] = segment_text([Condition(str(cause["column"]), "is null")])
    found_links = {"explore": rows, "slices": base}
    if column:
        page = {"quality": "quality", "fairness": "slices"}.get(str(cause.get("question")), "drift")
        found_links |= {
            page: base | {"column": str(column)},
            "drift": base | {"column": str(column)},
        }
    if loss:
        metric = base | {"metric": str(loss["name"])}
        found_links |= {"performance": metric, "why": metric}
    return found_links


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
