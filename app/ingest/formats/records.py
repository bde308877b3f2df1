"""The records of a file as JSON text, one after another: lines, documents, printed events, protobuf."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from analytics.errors import FileUnreadable
from app.ingest.formats.words import parse

MOST = 64 << 20  # of one line, one document or one message
HEAD_BYTES = 65536
SAY_EVERY = 1000
Reach = Callable[[int], None]
PRINTED = "cloudevents.Event"
HEAD = re.compile(r"^\s*(type|source|id|time): (.*)$")


def read_records(path: Path, reach: Reach = lambda _n_bytes: None) -> Iterator[str]:
    """Every record of a file, in order; what is no JSON comes as it stands.

    ``reach`` is told now and then how many bytes were read, of packed files those unpacked.
    """
    try:
        with _open(path) as stream:
            head = stream.read(HEAD_BYTES)
        with _open(path) as stream:
            if b"\0" in head:
                yield from _messages(path, stream)
            elif PRINTED.encode() in head:
                yield from _printed(_whole(path, stream).decode("utf-8"))
            elif _is_lines(head):
                yield from _lines(path, stream, reach)
            else:
                yield from _documents(_whole(path, stream).decode("utf-8-sig"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error}",
            "The file was cut, or is not UTF-8 text.",
            "Copy it again and compare its size with the original.",
        ) from error


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        is_packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path) if is_packed else path.open("rb")  # type: ignore[return-value]


def _is_lines(head: bytes) -> bool:
    """Whether each line is a record; else the file is one JSON document, or several."""
    text = head.decode("utf-8-sig", "replace").lstrip()
    if not text.startswith(("{", "[")):
        return True
    first = text.partition("\n")[0].strip()
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        pass
    try:
        json.JSONDecoder().raw_decode(text)
        return False
    except (ValueError, RecursionError):  # cut where the head ends, or broken
        return len(head) < HEAD_BYTES or first[-1] not in "{[,:"


def _lines(path: Path, stream: IO[bytes], reach: Reach) -> Iterator[str]:
    n = 0
    while line := stream.readline(MOST + 1):
        n += 1
        if n % SAY_EVERY == 0:
            reach(stream.tell())
        if len(line) > MOST:
            raise _too_large(path)
        text = line.decode("utf-8").strip().lstrip("\ufeff")
        if text:
            yield text


def _whole(path: Path, stream: IO[bytes]) -> bytes:
    text = stream.read(MOST + 1)
    if len(text) > MOST:
        raise _too_large(path)
    return text


def _documents(text: str) -> Iterator[str]:
    """JSON values one after another, arrays by their items."""
    decoder = json.JSONDecoder(parse_constant=str)
    at = 0
    while at < len(text):
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at == len(text):
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield text[at:]
            return
        for item in value if isinstance(value, list) else [value]:
            yield json.dumps(item)


def _printed(text: str) -> Iterator[str]:
    """Events as ``event_display`` prints them."""
    for block in text.split(PRINTED)[1:]:
        head, _, body = block.partition("\nData,")
        event: dict[str, Any] = {m[1]: m[2] for m in map(HEAD.match, head.splitlines()) if m}
        try:
            event["data"] = json.JSONDecoder().raw_decode(body.lstrip())[0]
        except ValueError:
            event["data"] = None
        yield json.dumps(event)


def _messages(path: Path, stream: IO[bytes]) -> Iterator[str]:
    """Messages of OTLP in protobuf, with their lengths before them or one alone, as JSON."""
    start = stream.read(5)
    size = int.from_bytes(start[:4], "big")
    if start[4:] != b"\n" or not 0 < size <= MOST:
        yield _message(path, start + _whole(path, stream))
        return
    rest = start
    while len(rest) >= 4:
        size = int.from_bytes(rest[:4], "big")
        if size > MOST:
            raise _too_large(path)
        body = rest[4:] + stream.read(size - len(rest[4:]))
        if len(body) < size:
            raise EOFError("its last message was cut")
        yield _message(path, body)
        rest = stream.read(4)


def _message(path: Path, body: bytes) -> str:
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        message = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise FileUnreadable(
            f"{path.name} is no log of OTLP in protobuf.",
            "Its bytes are no message of that kind: it was cut, or holds traces or metrics.",
            "Export it as JSON, or as ExportLogsServiceRequest messages.",
        ) from error
    return json.dumps(MessageToDict(message))


def _too_large(path: Path) -> FileUnreadable:
    return FileUnreadable(
        f"{path.name} holds a record of more than {MOST >> 20} MB.",
        "A file that is one document is read whole, and so is a line.",
        "Write one record a line.",
    )


def is_over_lines(head: bytes) -> bool:
    """Whether a file begins with a JSON object that is written over several lines."""
    first = head.decode("utf-8-sig", "replace").lstrip().partition("\n")[0].strip()
    return first.startswith("{") and not _is_lines(head)


def first_record(head: bytes) -> Any:
    """The first JSON value of a file from its first bytes; None where that cannot be told."""
    text = head.decode("utf-8-sig", "replace").lstrip()
    if not text.startswith(("{", "[")):
        return None
    try:
        first = parse(text.partition("\n")[0])
        return first[0] if isinstance(first, list) and first else first
    except (ValueError, RecursionError):
        pass
    try:
        first = json.JSONDecoder(parse_constant=str).raw_decode(text)[0]
    except (ValueError, RecursionError):
        if len(head) < HEAD_BYTES:
            return None  # it is whole, and no JSON
        return dict.fromkeys(re.findall(r'"([A-Za-z_]+)"\s*:', text[:4096])) or None
    return first[0] if isinstance(first, list) and first else first
