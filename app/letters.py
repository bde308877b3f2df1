"""Rows that were refused on their way in: listed by reason, mended, and sent again.

Sent again means into the write-ahead log, as the API does it: on the disk before it counts as sent.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analytics.errors import TelltaleError, UsageError
from app.auth.viewer import Viewer
from app.ingest.aside import read_aside
from app.ingest.wal import Wal
from app.ingest.words import Place
from app.state.database import Database
from app.state.letters import Outcome, count_ended, end_letters, ended
from app.state.logs import ImportRow, list_imports

MOST = 10_000  # letters that are dealt with at one time
OURS = ("file", "ord", "reason", "raw", "received_at", "row", "date", "known_at_made")
FIELD = re.compile(r"^the field '(.+)' cannot be kept$|^the (\w+) (?:is|cannot)|^(.+?) is not a ")


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Rows that were set aside for one reason; ``is_open`` ones can be mended and sent again."""

    model: str
    kind: str
    reason: str
    n: int
    first: datetime
    last: datetime
    n_sent: int = 0
    n_discarded: int = 0
    imports: tuple[str, ...] = ()
    is_api: bool = False

    @property
    def field(self) -> str:
        """The field at fault, where the reason names one."""
        found = FIELD.match(self.reason)
        return next((g for g in found.groups() if g), "") if found else ""

    @property
    def n_left(self) -> int:
        """Rows that nobody dealt with."""
        return self.n - self.n_sent - self.n_discarded


@dataclass(frozen=True, slots=True)
class Letter:
    """One row: where it stands, and the item as the API would take it, as JSON."""

    import_id: str
    ord: int
    text: str


@dataclass(frozen=True, slots=True)
class Mend:
    """Fields to rename (``features.x`` is one of the features), and fields to leave out."""

    renames: tuple[tuple[str, str], ...] = ()
    drops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What the API would say to the mended items."""

    n_good: int
    reasons: dict[str, int] = field(default_factory=dict)


def list_groups(viewer: Viewer, database: Database) -> list[LetterGroup]:
    """What was set aside of the viewer's models by reason, most of it first."""
    with database.read() as connection:
        done = count_ended(connection)
    found: dict[tuple[str, str, str, bool], list[ImportRow]] = {}
    for row in list_imports(database):
        if row.aside and viewer.may("import", row.model):
            for reason in row.aside:
                key = (row.model, row.kind, reason, row.id.startswith("wal-"))
                found.setdefault(key, []).append(row)
    groups = []
    for (model, kind, reason, is_api), rows in found.items():
        times = [row.finished_at for row in rows]
        sent, discarded = (
            sum(done[row.id, reason, outcome] for row in rows) for outcome in ("sent", "discarded")
        )
        n = sum(row.aside[reason] for row in rows)
        ids = tuple(row.id for row in rows)
        place = (model, kind, reason, n, min(times), max(times), sent, discarded, ids, is_api)
        groups.append(LetterGroup(*place))
    return sorted(groups, key=lambda g: (-g.n_left, g.model, g.reason))


def open_letters(viewer: Viewer, place: Place, group: LetterGroup, most: int = 200) -> list[Letter]:
    """Rows of a group that nobody dealt with, raw; who looked stands in the audit trail."""
    viewer.check("import", group.model)
    viewer.check("see_sensitive", group.model)
    letters = _read(place, group, most)
    with place.database.write(viewer.user) as write:
        write.audit("open", "letters", group.model, reason=group.reason, n_rows=len(letters))
    return letters


def export_letters(viewer: Viewer, place: Place, group: LetterGroup) -> bytes:
    """The rows of a group that nobody dealt with, one JSON object a line; as ``open_letters`` asks."""
    viewer.check("export", group.model)
    letters = open_letters(viewer, place, group, MOST)
    return "".join(f"{letter.text}\n" for letter in letters).encode()


def group_json(group: LetterGroup) -> dict[str, Any]:
    """A group for programs."""
    return {
        "model": group.model, "kind": group.kind, "reason": group.reason, "field": group.field,
        "n": group.n, "n_left": group.n_left, "n_sent": group.n_sent,
        "n_discarded": group.n_discarded, "came_by": "http" if group.is_api else "import",
        "first": f"{group.first.isoformat()}Z", "last": f"{group.last.isoformat()}Z",
    }  # fmt: skip


def try_again(group: LetterGroup, letters: Sequence[Letter], mend: Mend) -> Trial:
    """What would become of the letters, mended so."""
    reasons: Counter[str] = Counter()
    for letter in letters:
        _row, why = _judged(group.kind, letter, mend)
        reasons[why] += 1
    n_good = reasons.pop("", 0)
    return Trial(n_good, dict(reasons))


def send_again(
    viewer: Viewer, place: Place, group: LetterGroup, mend: Mend, only: Letter | None = None
) -> Trial:
    """Send what can be taken now (all of the group, or one edited letter); the rest stays."""
    viewer.check("import", group.model)
    if not group.is_api:
        raise UsageError(
            "Rows of a file are not sent again from here.",
            "The file has all of them, in its own columns.",
            "Import it again with the right roles (page Add data); what is there stands once.",
        )
    letters = [only] if only is not None else _read(place, group, MOST)
    rows, sent, reasons = [], [], Counter[str]()
    for letter in letters:
        row, why = _judged(group.kind, letter, mend)
        reasons[why] += 1
        if row is not None:
            rows.append(row)
            sent.append((letter.import_id, letter.ord))
    if rows:
        _append(place, group, rows)
        _end(viewer, place, group, sent, "sent")
    n_good = reasons.pop("", 0)
    return Trial(n_good, dict(reasons))


def discard(viewer: Viewer, place: Place, group: LetterGroup) -> int:
    """Say that what is left of a group is not wanted; the rows stay in their file."""
    viewer.check("import", group.model)
    letters = _read(place, group, MOST)
    return _end(viewer, place, group, [(x.import_id, x.ord) for x in letters], "discarded")


def _end(
    viewer: Viewer,
    place: Place,
    group: LetterGroup,
    found: Sequence[tuple[str, int]],
    outcome: Outcome,
) -> int:
    with place.database.write(viewer.user) as write:
        return end_letters(write, group.model, group.reason, found, outcome)


def _append(place: Place, group: LetterGroup, rows: Sequence[Mapping[str, Any]]) -> None:
    """Into the write-ahead log, synced."""
    now = place.database.clock().isoformat()
    what = {"model": group.model, "kind": group.kind, "rows": rows, "refused": []}
    wal = Wal(place.home / "wal")
    done = wal.append(json.dumps({**what, "received_at": now}, default=str).encode())
    wal.close()
    done.result()


def _read(place: Place, group: LetterGroup, most: int) -> list[Letter]:
    with place.database.read() as connection:
        done = ended(connection, group.imports)
    letters: list[Letter] = []
    for import_id in group.imports:
        for row in read_aside(place, import_id, MOST):
            key = (import_id, row.row - 1)
            if row.reason == group.reason and key not in done and len(letters) < most:
                letters.append(Letter(*key, _as_item(group.kind, import_id, row.raw)))
    return letters


def _judged(kind: str, letter: Letter, mend: Mend) -> tuple[dict[str, Any] | None, str]:
    """The row that a mended letter becomes, or why it becomes none."""
    from app.api.answers import ApiError
    from app.api.body import read_json
    from app.api.records import SHAPES, read_item
    from app.state.database import utc_now

    if kind not in SHAPES:
        return None, f"{kind} are not sent again from here"
    try:
        item = read_json(letter.text.encode("utf-8", "surrogatepass"))
        return read_item(kind, mended(item, mend), utc_now()).row, ""
    except (ApiError, UnicodeError) as error:
        where = f"{error.field}: " if isinstance(error, ApiError) and error.field else ""
        return None, f"{where}{getattr(error, 'detail', error)}"[:200]
    except TelltaleError as error:
        return None, error.what


def mended(item: Any, mend: Mend) -> Any:
    """The item with its fields renamed and left out."""
    if not isinstance(item, dict):
        return item
    made = {k: dict(v) if isinstance(v, dict) else v for k, v in item.items()}
    for path in mend.drops:
        _take(made, path)
    for source, target in mend.renames:
        found = _take(made, source)
        if found is not _NOTHING:
            head, dot, rest = target.partition(".")
            if dot:
                members = made.setdefault(head, {})
                if isinstance(members, dict):
                    members[rest] = found
            else:
                made[head] = found
    return made


_NOTHING = object()


def _take(made: dict[str, Any], path: str) -> Any:
    head, dot, rest = path.partition(".")
    if path in made or not dot:
        return made.pop(path, _NOTHING)
    members = made.get(head)
    return members.pop(rest, _NOTHING) if isinstance(members, dict) else _NOTHING


def fields_of(letters: Sequence[Letter]) -> list[str]:
    """The fields that stand in letters, features by their own name."""
    found: dict[str, None] = {}
    for letter in letters:
        try:
            item = json.loads(letter.text)
        except ValueError:
            continue
        for name, value in item.items() if isinstance(item, dict) else ():
            inner = isinstance(value, dict) and name in ("features", "scores", "values")
            for path in (f"{name}.{k}" for k in value) if inner else (name,):
                found[path] = None
    return list(found)


def _as_item(kind: str, import_id: str, raw: str) -> str:
    """The text as it was sent; of a row that the log refused, the item that it was."""
    if import_id.endswith("-aside") or not import_id.startswith("wal-"):
        return raw
    from app.api.records import SHAPES, nested

    try:
        row = json.loads(raw)
    except ValueError:
        return raw
    if not isinstance(row, dict) or kind not in SHAPES:
        return raw
    if row.get("known_at_made"):
        del row["known_at"]
    kept = {k: v for k, v in row.items() if v is not None and k not in OURS}
    return json.dumps(nested(kind, kept), ensure_ascii=False)
