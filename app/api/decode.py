"""Bodies of many items: JSON, lines of JSON or an Arrow stream; plain, gzip or zstd."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from fastapi import Request

from app.api.answers import ApiError
from app.api.body import read_json, too_large

if TYPE_CHECKING:
    import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"
LINES = ("application/x-ndjson", "application/jsonl", "application/ndjson")
ENCODINGS = ("", "identity", "gzip", "zstd")
GROWS = 8  # a body may unpack to so many times the limit


class Broken:
    """A line that is no JSON; the others stand."""

    def __init__(self, text: str) -> None:
        self.text = text


def items_of(request: Request, body: bytes, limit: int) -> bytes | list[bytes] | pa.Table:
    """The items of a batch: a JSON list as it is, lines, or an Arrow table.

    ApiError 413, 415 or 422 where the body as a whole cannot be read.
    """
    headers = request.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    body = unpacked(body, headers.get("content-encoding", "").strip().lower(), GROWS * limit)
    if kind == ARROW:
        return _arrow(body)
    if kind in LINES:
        return [line for line in body.split(b"\n") if line.strip()]
    if kind != "application/json":
        raise ApiError(
            415,
            f"The content type {kind!r} is not taken here.",
            "",
            f"Send application/json, {LINES[0]} or {ARROW}.",
        )
    return body


def list_of(body: bytes) -> list[Any]:
    """The items of a JSON body, read strictly."""
    found = read_json(body)
    items = found.get("items") if isinstance(found, dict) else found
    if not isinstance(items, list):
        do = 'Send {"items": [...]} or a list.'
        raise ApiError(422, "The body holds no list of items.", "", do, "items")
    return items


def one_of(request: Request, body: bytes, limit: int) -> bytes:
    """The text of the single item of a body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        do = "Send JSON with the header Content-Type: application/json, or use the batch address."
        raise ApiError(415, f"The content type {kind!r} is not taken here.", "", do)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    return unpacked(body, encoding, GROWS * limit)


def read_line(line: bytes) -> Any:
    try:
        return read_json(line)
    except ApiError:
        return Broken(line.decode("utf-8", "replace"))


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """The body without its packing; ApiError 413, 415 or 422 where that is too large or broken."""
    if encoding not in ENCODINGS:
        raise ApiError(415, f"The encoding {encoding!r} is not taken.", "", "Send gzip or zstd.")
    if encoding in ("", "identity"):
        return body
    try:
        found = _gunzip(body, most) if encoding == "gzip" else _unzstd(body, most)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        what = f"The body is not whole {encoding}."
        raise ApiError(422, what, f"{error}", "Pack it again and send it again.") from error
    if len(found) > most:
        raise too_large(most)
    return found


def _gunzip(body: bytes, most: int) -> bytes:
    packer = zlib.decompressobj(wbits=31)
    found = packer.decompress(body, most + 1)
    if not packer.eof and len(found) <= most:
        raise EOFError("it ends too early")
    return found


def _unzstd(body: bytes, most: int) -> bytes:
    import pyarrow as pa

    with pa.input_stream(pa.BufferReader(body), compression="zstd") as stream:
        return bytes(stream.read(most + 1))


def _arrow(body: bytes) -> pa.Table:
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(body) as reader:
            table = reader.read_all()
            table.validate(full=True)
            return table
    except (pa.ArrowException, OSError, ValueError) as error:
        what = "The body is not a whole Arrow stream."
        raise ApiError(
            422, what, str(error)[:200], "Write it with pyarrow.ipc.new_stream."
        ) from error


def rows_of(table: pa.Table) -> list[Any]:
    """Rows of an Arrow table; the struct or the columns ``features.*`` are features."""
    return [_nested(row) for row in table.to_pylist()]


def _nested(row: dict[str, Any]) -> Any:
    """``features.x`` and ``scores.x`` as members, as strict as JSON; empty values and NaN left out."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or value != value:
            continue
        head, dot, rest = name.partition(".")
        if dot and head in ("features", "scores", "values"):
            members = found.setdefault(head, {})
            if isinstance(members, dict):
                members[rest] = value
        else:
            found[name] = value
    return read_line(json.dumps(found, default=str).encode())
