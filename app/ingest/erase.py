"""Take one person out of the logs, for good: parts of events and feedback are written anew without their rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analytics.errors import UsageError
from analytics.sources.relation import quote_name, quote_text
from app.auth.viewer import Viewer
from app.ingest.outbox import flush
from app.ingest.parts import FORM, hash_file, order_of, sync
from app.ingest.pseudonyms import hash_user, user_key
from app.ingest.words import Place
from app.ingest.workspace import Workspace, model_lock, reach
from app.state.erasing import erase_feedback, rename_annotator
from app.state.logs import PartRow, add_parts, list_imports, list_parts, remove_parts
from app.state.models import get_model

KINDS = ("events", "feedback")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out of one model: events, feedback, raw rows that had been set aside; renamed answers."""

    model: str
    n_events: int
    n_aside: int
    n_parts: int
    n_feedback: int = 0
    n_answers: int = 0


def erase_user(place: Place, viewer: Viewer, model: str, user: str) -> Erased:
    """Remove every event and feedback of a user, by the name it was sent with; all of it or nothing.

    What somebody of that name labelled stays, under a pseudonym.

    The manifest changes in one transaction, then the old files go. AccessDenied without the right
    to manage users, UsageError where an attached file holds the user: it is not ours to change.
    """
    viewer.check("admin")
    get_model(place.database, model)
    if not user:
        raise UsageError("No user is named.", "", "Name the user as the events do.")
    flush(place)
    who = (user, hash_user(user_key(place.home), user))
    with Workspace(place, []) as work, model_lock(place, model, work):
        found = _holding(work, place, model, who)
        written = _rewrite(work, place, found, who)
        n_events = _rows(found, "events") - _rows(written, "events")
        with place.database.write(viewer.user) as write:
            remove_parts(write, [part.path for part in found])
            for part in written:
                add_parts(write, part.import_id, model, [part])
            n_feedback = erase_feedback(write, model, who)
            n_answers = rename_annotator(write, model, user, f"erased {who[1][:12]}")
            gone = {"n_feedback": n_feedback, "n_answers": n_answers}
            write.audit("erase user", "model", model, kind="events", n=n_events, **gone)
            reach("erased")
        for part in found:
            (place.home / part.path).unlink(missing_ok=True)
        n_aside = _erase_aside(work, place, model, user)
    return Erased(model, n_events, n_aside, len(found), n_feedback, n_answers)


def _rows(parts: Sequence[PartRow], kind: str) -> int:
    return sum(part.n_rows for part in parts if part.kind == kind)


def _holding(work: Workspace, place: Place, model: str, who: Sequence[str]) -> list[PartRow]:
    """The parts with a row of the user; UsageError where one of them is attached."""
    with place.database.read() as connection:
        parts = [p for p in list_parts(connection, model) if p.kind in KINDS]
    attached = [p for p in parts if p.mapping is not None]
    if attached:
        names = ", ".join(sorted({Path(p.path).name for p in attached})[:3])
        raise UsageError(
            f"Events or feedback of {model} stand in attached files: {names}.",
            "Attached files are only read; whoever keeps them must take the user out.",
            "Remove the rows there, or import them instead of attaching them.",
        )
    return [
        part
        for part in parts
        if "user_id" in part.columns
        and work.value(f"SELECT count(*) FROM {_read(place, [part])} WHERE {_is(who)}")
    ]


def _read(place: Place, parts: Sequence[PartRow]) -> str:
    files = ", ".join(quote_text(str(place.home / part.path)) for part in parts)
    return f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"


def _is(who: Sequence[str]) -> str:
    return f"coalesce(user_id IN ({', '.join(map(quote_text, who))}), false)"


def _rewrite(
    work: Workspace, place: Place, found: Sequence[PartRow], who: Sequence[str]
) -> list[PartRow]:
    """The same parts without the user, those of one folder together; empty ones are left out."""
    folders: dict[Path, list[PartRow]] = defaultdict(list)
    for part in found:
        folders[Path(part.path).parent].append(part)
    written = []
    for folder, parts in folders.items():
        rest = f"SELECT * FROM {_read(place, parts)} WHERE NOT {_is(who)}"
        n, first, last, start, end = work.run(
            f"SELECT count(*), min(row), max(row), min(timestamp), max(timestamp) FROM ({rest})"
        )[0]
        if not n:
            continue
        target = place.home / folder / f"{work.id}.parquet"
        columns = tuple(dict.fromkeys(c for p in parts for c in p.columns))
        order = ", ".join(map(quote_name, order_of(columns)))
        work.run(f"COPY ({rest} ORDER BY {order}) TO {quote_text(str(target))} ({FORM})")
        sync(target)
        sync(target.parent)
        types = {name: kind for p in parts for name, kind in p.column_types.items()}
        written.append(
            replace(
                parts[0],
                path=str(folder / target.name),
                n_rows=int(n),
                n_bytes=target.stat().st_size,
                fingerprint=hash_file(target),
                start=start,
                end=end,
                first_row=int(first),
                last_row=int(last),
                columns=columns,
                column_types=types,
            )
        )
    return written


def _erase_aside(work: Workspace, place: Place, model: str, user: str) -> int:
    """Rows that had been set aside keep what was sent: those that name the user go too."""
    removed = 0
    said = quote_text(json.dumps(user, ensure_ascii=False))
    for row in list_imports(place.database, model):
        file = place.home / "aside" / f"{row.id}.parquet"
        if row.kind not in KINDS or not file.is_file():
            continue
        source = f"read_parquet({quote_text(str(file))})"
        names_user = f"coalesce(contains(raw, {said}), false)"
        n = int(work.value(f"SELECT count(*) FROM {source} WHERE {names_user}"))
        if not n:
            continue
        fresh = file.with_suffix(".tmp")
        work.run(
            f"COPY (SELECT * FROM {source} WHERE NOT {names_user}) TO {quote_text(str(fresh))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        fresh.replace(file)
        removed += n
    return removed
