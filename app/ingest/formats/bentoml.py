"""BentoML's monitoring log: flat records, beside them a schema; an id stands for a whole request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from app.ingest.formats.words import Reading, Reject, Row, parse

NAMES = {"target": "label"}  # roles of its schema that we call otherwise


def read_bentoml(records: Iterable[str], _reading: Reading) -> Iterator[Row | Reject]:
    """Rows under their names; the second record of a request has its id with ``#1``, and so on."""
    roles: dict[str, str] = {}
    version: str | None = None
    last, n = None, 0
    for text in records:
        try:
            record = parse(text)
            if "columns" in record and "meta_data" in record:
                roles, version = _schema(record)
                continue
            own = record["request_id"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            yield Reject(text, "It is no record of BentoML with a request_id.")
            continue
        n = n + 1 if own == last else 0
        last = own
        row = {roles.get(k, k): v for k, v in record.items() if k != "request_id"}
        row["prediction_id"] = str(own) if n == 0 else f"{own}#{n}"
        yield {**row, "model_version": version} if version else row


def _schema(record: dict[str, Any]) -> tuple[dict[str, str], str | None]:
    """What the columns are called here, where only one is of a role; the version of the bento."""
    given: dict[str, list[str]] = {}
    for column in record["columns"]:
        given.setdefault(str(column["role"]), []).append(str(column["name"]))
    single = {k: v[0] for k, v in given.items() if k in ("prediction", "target") and len(v) == 1}
    version = record["meta_data"].get("bento_version")
    return {name: NAMES.get(role, role) for role, name in single.items()}, version
