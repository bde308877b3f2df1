"""Request and response of one id become rows, however far apart they stand in the files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.ingest.formats.bodies import apart, join, request_rows, response_rows
from app.ingest.formats.words import Reading, Reject, Row, Unreadable, parse, row_id

DONE = ""
WRONG = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)


@dataclass(frozen=True, slots=True)
class Half:
    """A request or a response: what it says, when, and the id under which the other comes."""

    side: str
    id: str | None
    body: Any
    time: str | None = None
    source: str = ""

    def to_text(self) -> str:
        """The half as it waits."""
        return json.dumps([self.side, self.id, self.body, self.time, self.source])


def pair(halves: Iterable[Half | Row | Reject], reading: Reading) -> Iterator[Row | Reject]:
    """Rows of whole pairs; of lone halves only where all files hold one side alone."""
    waiting, sides = reading.waiting, set[str]()
    n = 0
    for half in halves:
        if not isinstance(half, Half):
            sides |= {"both"} if isinstance(half, dict) else set()
            yield half
            continue
        sides.add(half.side)
        if half.id is None:
            n += 1
            waiting[f"{n:012d}"] = half.to_text()
            continue
        key = f"{half.source} {half.id}"
        known = waiting.get(key)
        if known is None:
            waiting[key] = half.to_text()
        elif known != DONE and (other := Half(*parse(known))).side != half.side:
            waiting[key] = DONE  # one that is sent again is the same
            asked, answered = (other, half) if half.side == "response" else (half, other)
            yield from whole(asked, answered)
    for text in waiting.values():
        if text != DONE:
            half = Half(*parse(text))
            yield from _alone(half) if len(sides) == 1 else [_orphan(half)]


def whole(asked: Half, answered: Half) -> Iterator[Row | Reject]:
    """Rows of a request and its response."""
    try:
        rows = list(join(request_rows(asked.body), response_rows(answered.body)))
        more = _moments(asked, answered)
    except Unreadable as error:
        yield Reject(_text([asked, answered]), str(error))
        return
    except WRONG:
        yield Reject(_text([asked, answered]), "Its bodies do not match.")
        return
    for i, row in enumerate(rows):
        yield {"prediction_id": row_id(str(asked.id), i, len(rows)), **more, **row}


def _moments(asked: Half, answered: Half) -> Row:
    if asked.time is None:
        return {"timestamp": answered.time} if answered.time else {}
    if answered.time is None:
        return {"timestamp": asked.time}
    began, ended = datetime.fromisoformat(asked.time), datetime.fromisoformat(answered.time)
    return {"timestamp": asked.time, "latency_ms": (ended - began).total_seconds() * 1000}


def _alone(half: Half) -> Iterator[Row | Reject]:
    try:
        rows = request_rows(half.body) if half.side == "request" else response_rows(half.body)
    except Unreadable as error:
        yield Reject(_text([half]), str(error))
        return
    except WRONG:
        yield Reject(_text([half]), "Its body cannot be read.")
        return
    for i, row in enumerate(rows):
        own = {"prediction_id": row_id(half.id, i, len(rows))} if half.id is not None else {}
        yield {**own, **({"timestamp": half.time} if half.time else {}), **apart(row)}


def _orphan(half: Half) -> Reject:
    missing = "response" if half.side == "request" else "request"
    why = f"Its {missing} is missing." if half.id is not None else "It has no id to join it by."
    return Reject(_text([half]), why)


def _text(halves: list[Half]) -> str:
    return json.dumps(
        [{"side": h.side, "id": h.id, "time": h.time, "body": h.body} for h in halves]
    )
