"""Bodies that a model server's logger sends one by one: joined by id, orphans as suspected errors."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.ingest.formats.bodies import apart, request_rows
from app.ingest.formats.pairs import WRONG, Half, whole
from app.ingest.formats.words import Reject, Row, parse, row_id
from app.ingest.wal import Wal
from app.ingest.words import Place
from app.state.halves import Waiting, find_halves, forget_halves, keep_halves, list_orphans

KEEP_DONE = timedelta(days=1)
SUSPECTED = "no response (suspected)"


@dataclass(slots=True)
class Joined:
    """Rows of pairs that are whole now, what gave none, and what waits or is done from here on."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def pair_name(half: Half) -> str:
    """What both halves of a pair share."""
    return hashlib.blake2b(f"{half.source} {half.id}".encode(), digest_size=24).hexdigest()


def join_halves(place: Place, model: str, texts: Sequence[str]) -> Joined:
    """Join halves with each other and with those that wait; nothing is kept yet."""
    halves = [Half(*parse(text)) for text in texts]
    names = [pair_name(half) for half in halves]
    with place.database.read() as connection:
        known = find_halves(connection, model, names)
    joined = Joined()
    for name, half, text in zip(names, halves, texts, strict=True):
        before = joined.texts.get(name, known.get(name))
        if before is None:
            joined.texts[name] = text
        elif before and (other := Half(*parse(before))).side != half.side:
            joined.texts[name] = ""
            asked, answered = (other, half) if half.side == "response" else (half, other)
            _add(joined, whole(asked, answered))
    return joined


def _add(joined: Joined, found: Any) -> None:
    for item in found:
        if isinstance(item, Reject):
            joined.refused.append({"reason": item.reason, "raw": item.record[:20_000]})
        else:
            joined.rows.append(plain_row(item))


def keep_joined(place: Place, model: str, joined: Joined) -> None:
    """Note what waits and what is done, once its rows are in the log."""
    if joined.texts:
        with place.database.write(place.actor) as write:
            keep_halves(write, model, joined.texts)


def plain_row(row: Row) -> dict[str, Any]:
    """A row with its time in UTC, and without what holds nothing."""
    made = {k: v for k, v in row.items() if v is not None}
    if isinstance(at := made.get("timestamp"), str):
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        made["timestamp"] = moment.isoformat()
    return made


def bury_orphans(place: Place, after_s: float) -> int:
    """Requests without a response become suspected errors, once each; how many there were.

    A response without its request is set aside. Both go through the write-ahead log.
    """
    now = place.database.clock()
    with place.database.read() as connection:
        orphans = list_orphans(connection, now - timedelta(seconds=after_s))
    by_model: dict[str, list[Waiting]] = defaultdict(list)
    for orphan in orphans:
        by_model[orphan.model].append(orphan)
    for model, found in by_model.items():
        joined = Joined(texts=dict.fromkeys((o.pair for o in found), ""))
        for orphan in found:
            _bury(joined, Half(*parse(orphan.text)), after_s)
        what = {"model": model, "kind": "predictions", "received_at": now.isoformat()}
        wal = Wal(place.home / "wal")
        done = wal.append(
            json.dumps({**what, "rows": joined.rows, "refused": joined.refused}).encode()
        )
        wal.close()
        done.result()
        keep_joined(place, model, joined)
    if orphans:
        with place.database.write(place.actor) as write:
            forget_halves(write, now - KEEP_DONE - timedelta(seconds=after_s))
    return len(orphans)


def _bury(joined: Joined, half: Half, after_s: float) -> None:
    rows: list[Row] = []
    if half.side == "request":
        try:
            rows = [apart(row) for row in request_rows(half.body)]
        except WRONG:
            rows = []
    if not rows:
        missing = "response" if half.side == "request" else "request"
        raw = json.dumps({"id": half.id, "time": half.time, "body": half.body})
        joined.refused.append({"reason": f"Its {missing} is missing.", "raw": raw[:20_000]})
        return
    why = f"The request was logged, and no response within {after_s:g} s."
    failed = {"status": "error", "error_type": SUSPECTED, "error_message": why}
    for i, row in enumerate(rows):
        own = {"prediction_id": row_id(str(half.id), i, len(rows)), "timestamp": half.time}
        joined.rows.append(plain_row({**row, **own, **failed}))
