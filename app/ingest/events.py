"""Events of people: PostHog's capture shape, or Segment's ``track`` by mapping, as rows of a log.

Canonical columns are those of ``EVENT_COLUMNS``; what else stands among the properties is kept
together as JSON. Properties that begin with ``$`` (address, browser, page) are not kept unless they
are one of ours: they say who somebody is, and no number needs them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analytics.core import ColumnType, Log, Role
from analytics.sources.names import normal_name
from analytics.sources.profile import Profile
from analytics.sources.relation import (
    canonical_class,
    canonical_text,
    quote_name,
    quote_text,
    relation,
)
from app.ingest.columns import conversion_of
from app.ingest.pseudonyms import hash_sql, hash_user
from app.ingest.words import PlanColumn, Question
from app.ingest.workspace import Workspace

# What each canonical column is called by others; the first name that a file has is taken.
NAMES: dict[str, tuple[str, ...]] = {
    "uuid": ("uuid", "message_id", "event_id", "insert_id", "id"),
    "event": ("event", "event_name"),
    "user_id": ("distinct_id", "user_id", "user_hash"),
    "anonymous_id": ("anonymous_id",),
    "timestamp": ("timestamp", "original_timestamp", "time", "ts", "event_time"),
    "received_at": ("received_at",),
    "session_id": ("session_id",),
    "prediction_id": ("prediction_id",),
    "model_version": ("model_version",),
    "decision": ("decision",),
    "initial_decision": ("initial_decision",),
    "final_decision": ("final_decision",),
    "confidence": ("confidence",),
    "latency_ms": ("latency_ms",),
    "arm": ("arm", "experiment_arm", "treatment", "variant"),
    "segment": ("segment",),
    "source": ("source",),
}
EVENT_COLUMNS = tuple(n for n in NAMES if n not in ("anonymous_id", "received_at"))
TYPES = {"timestamp": "TIMESTAMP", "confidence": "DOUBLE", "latency_ms": "DOUBLE"}
CLASSES = ("initial_decision", "final_decision")
KNOWN_EVENTS = (
    "prediction_shown",
    "explanation_opened",
    "prediction_accepted",
    "prediction_overridden",
    "prediction_dismissed",
    "prediction_decided",
    "decision_made",
    "outcome_recorded",
    "feedback_sent",
)
ROLES: dict[str, Role] = {"timestamp": "timestamp", "event": "event", "user_id": "user_id"}
MAPPED = {"event_id": "uuid", "group": "arm"}  # roles of --map under the names of this log
EXTRA = "property:"
CONTAINERS = ("properties.", "context.")


@dataclass(frozen=True, slots=True)
class EventColumns:
    """The columns of an event file by what they mean, what is open and what was noticed."""

    columns: tuple[PlanColumn, ...]
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()


def read_as_events(
    profiles: Sequence[Profile], given: Mapping[str, tuple[str, str | None]], zone: str
) -> EventColumns:
    """Which column is which; ``given`` are those that somebody mapped."""
    roles = {column: MAPPED.get(role, role) for column, (role, _class) in given.items()}
    taken = set(roles.values())
    for canonical, names in NAMES.items():
        if canonical in taken:
            continue
        found = _first(profiles, names, roles)
        if found is not None:
            roles[found] = canonical
            taken.add(canonical)
    dropped = [p.name for p in profiles if p.name not in roles and _is_private(p.name)]
    columns = [_column(p, roles.get(p.name), zone, is_kept=p.name not in dropped) for p in profiles]
    missing = [
        n for n in ("event", "user_id", "timestamp") if n not in taken and n not in _either(taken)
    ]
    questions = tuple(_ask(name, profiles, roles) for name in missing)
    notes: tuple[str, ...] = ()
    if dropped:
        shown = ", ".join(dropped[:4]) + (" and others" if len(dropped) > 4 else "")
        notes = (f"Not kept, as it says who somebody is: {shown}.",)
    return EventColumns(tuple(columns), questions, notes)


def _either(taken: set[str]) -> set[str]:
    return {"user_id"} if "anonymous_id" in taken else set()


def _first(
    profiles: Sequence[Profile], names: Sequence[str], roles: Mapping[str, str]
) -> str | None:
    """The column of the first of these names, one at the top before one among the properties."""
    for name in names:
        fitting = [p for p in profiles if p.name not in roles and _bare(p.name) == name]
        fitting.sort(key=lambda p: len(p.path))
        if fitting:
            return fitting[0].name
    return None


def _bare(name: str) -> str:
    """``properties.$session_id``, ``session.id`` and ``sessionId`` are one name."""
    for container in CONTAINERS:
        name = name.removeprefix(container)
    return normal_name(name.lstrip("$")).strip("_")


def _is_private(name: str) -> bool:
    return any(name.startswith(("$", f"{c}$")) for c in CONTAINERS) or name.startswith("context.")


def _column(profile: Profile, meaning: str | None, zone: str, *, is_kept: bool) -> PlanColumn:
    """How a column is kept: under its canonical name, among the properties, or not at all."""
    bare = profile.name
    for container in CONTAINERS:
        bare = bare.removeprefix(container)
    column = PlanColumn(
        profile.name, profile.path, profile.sql_type, "feature", "text", "text",
        f"{EXTRA}{bare}", "a property, kept beside the rest", examples=profile.examples,
    )  # fmt: skip
    if meaning is None or meaning in ("ignore", "feature"):
        if is_kept and meaning != "ignore":
            return column
        why = "says who somebody is" if meaning is None else "given"
        return replace(column, role="ignore", why=why)
    kind: ColumnType = "categorical"
    conversion = "text"
    if meaning in ("timestamp", "received_at"):
        kind, conversion = conversion_of(profile, meaning, "none", zone)
    elif meaning in TYPES:
        kind, conversion = "numeric", "double"
    role = ROLES.get(meaning, "feature")
    return replace(
        column, role=role, type=kind, conversion=conversion, stored=meaning, why="by its name"
    )


def _ask(name: str, profiles: Sequence[Profile], roles: Mapping[str, str]) -> Question:
    what = {
        "event": "Which column names what happened?",
        "user_id": "Which column says who did it?",
        "timestamp": "Which column says when it happened?",
    }[name]
    free = tuple(p.name for p in profiles if p.name not in roles)
    return Question(what, free, tuple(f"--map {name}={column}" for column in free[:6]))


def pick_events(workspace: Workspace, existing: Log, key: str | None) -> int:
    """Keep each uuid once in ``fresh``, under canonical columns; the number of duplicates ignored.

    Users are hashed with ``key`` (None keeps them). An event without a uuid gets one from its
    content, so that the same event sent again is the same.
    """
    present = [row[0] for row in workspace.run("SELECT column_name FROM (DESCRIBE staged)")]
    picks = [f"{_pick(name, present, key)} AS {quote_name(name)}" for name in EVENT_COLUMNS]
    if "received_at" in present:
        picks.append("received_at")
    picks.append(f"{_properties(present)} AS properties")
    workspace.run(
        f"CREATE TABLE picked AS SELECT file, ord, reason, {', '.join(picks)} FROM staged"
        " WHERE reason IS NULL"
    )
    content = "concat_ws('\x1f', event, user_id, timestamp, prediction_id, properties)"
    workspace.run(f"UPDATE picked SET uuid = md5({content}) WHERE uuid IS NULL")
    known = ""
    if existing.parts and "uuid" in existing.columns:
        known = f" AND NOT EXISTS (SELECT 1 FROM {relation(existing)} e WHERE e.uuid = p.uuid)"
    workspace.run(
        "CREATE TABLE fresh AS SELECT * FROM picked p WHERE true"
        f"{known} QUALIFY row_number() OVER (PARTITION BY uuid ORDER BY ord) = 1"
    )
    n_all, n_kept = workspace.run(
        "SELECT (SELECT count(*) FROM picked), (SELECT count(*) FROM fresh)"
    )[0]
    return int(n_all - n_kept)


def _pick(name: str, present: Sequence[str], key: str | None) -> str:
    if name == "user_id":
        people = [n for n in ("user_id", "anonymous_id") if n in present]
        if not people:
            return "CAST(NULL AS VARCHAR)"
        given = (f"nullif({n}, '')" for n in people)
        who = f"coalesce({', '.join(given)})"
        return who if key is None else hash_sql(who, key)
    if name not in present:
        return f"CAST(NULL AS {TYPES.get(name, 'VARCHAR')})"
    if name in CLASSES:
        return canonical_class(name)
    if name == "event":
        normal = "trim(regexp_replace(lower(event), '[^a-z0-9]+', '_', 'g'), '_')"
        known = ", ".join(map(quote_text, KNOWN_EVENTS))
        return f"CASE WHEN {normal} IN ({known}) THEN {normal} ELSE event END"
    return quote_name(name)


def _properties(present: Sequence[str]) -> str:
    """The other properties as one JSON text without empty values; NULL where there are none."""
    extra = [name for name in present if name.startswith(EXTRA)]
    if not extra:
        return "CAST(NULL AS VARCHAR)"
    pairs = ", ".join(f"{quote_text(n.removeprefix(EXTRA))}, {quote_name(n)}" for n in extra)
    return f"nullif(CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR), '{{}}')"


def event_name(name: str) -> str:
    """The name of an event as it is kept: ours in our spelling, others as they are.

    >>> event_name("Prediction Shown"), event_name("$pageview")
    ('prediction_shown', '$pageview')
    """
    normal = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return normal if normal in KNOWN_EVENTS else name


def event_row(capture: Mapping[str, Any], key: str | None) -> dict[str, Any]:
    """One event as it was sent (PostHog capture or Segment track) as a row of the log.

    Names are looked for at the top first, then among the properties. Missing values stay out.
    """
    flat = {**dict(capture.get("properties") or {})}
    flat |= {
        name: value for name, value in capture.items() if name not in ("properties", "context")
    }
    bare: dict[str, str] = {}
    for name in [*(n for n in capture if n != "properties"), *flat]:
        bare.setdefault(_bare(name), name)
    row: dict[str, Any] = {}
    used = set()
    for canonical, names in NAMES.items():
        found = next((bare[n] for n in names if n in bare and flat.get(bare[n]) is not None), None)
        if found is not None:
            row[canonical] = flat[found]
        used |= {bare[n] for n in names if n in bare}
    who = row.pop("anonymous_id", None)
    who = row.get("user_id", who)
    if who is not None:
        row["user_id"] = str(who) if key is None else hash_user(key, str(who))
    row["event"] = event_name(str(row["event"])) if "event" in row else None
    for name in CLASSES:
        if name in row:
            row[name] = canonical_text(row[name])
    rest = {n: v for n, v in flat.items() if n not in used and not _is_private(n)}
    if rest:
        row["properties"] = json.dumps(rest, ensure_ascii=False, default=str, sort_keys=True)
    return row


def with_uuid(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with a uuid from its content where it came without one."""
    if row.get("uuid"):
        return dict(row)
    named = ("event", "user_id", "timestamp", "prediction_id", "properties")
    text = "\x1f".join(str(row[n]) for n in named if row.get(n) is not None)
    return {**row, "uuid": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}
