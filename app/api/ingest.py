"""``/api/v1/{predictions,labels,errors,resources}``: taken once they are on the disk, item by item."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sized
from typing import Annotated, Any, Literal, get_args

import msgspec
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from app.api import quick
from app.api.access import database_of, key_for, settings_of
from app.api.answers import ApiError, documented
from app.api.body import read_json
from app.api.columnar import read_columns
from app.api.decode import ARROW, LINES, Broken, items_of, list_of, one_of, rows_of
from app.api.metrics import count_items
from app.api.records import SHAPES, Read, read_item
from app.ingest.drain import arrow_record, columns_record
from app.ingest.wal import DiskLow, Wal, WalFull
from app.state.keys import ApiKey, KeyKind
from app.state.logs import home_of

MOST_ITEMS = 10_000
MOST_JUDGED = 4  # requests at one time
MOST_SEEN = 200_000  # ids that are known again at once; the log finds older ones as it takes them
MOST_RAW = 20_000
RETRY_S = "2"
FORMS = 32  # digests are shorter
Outcome = Literal["accepted", "duplicate", "rejected"]
Before = Literal["never", "same", "other", "another form"]
router = APIRouter(tags=["ingest"])


class Result(BaseModel):
    """What became of one item: its id, and for a rejected one the field at fault and why."""

    status: Outcome
    id: str | None = None
    field: str | None = None
    reason: str | None = None


class Results(BaseModel):
    """One result for each item, in their order."""

    results: list[Result]


class Seen:
    """The latest ids of each log, with the digest of what was sent; only what is on the disk.

    Kept as hashes of 64 bits, keyed anew in every process: an eighth of what the texts would take.
    Two halves: the older one goes as a whole once the newer one is full.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new, self._old = dict[int, int](), dict[int, int]()

    def how(self, key: tuple[str, str, str], digest: bytes) -> Before:
        """Whether it was kept: as the same, as another body, or under a digest of another form."""
        place = hash(key)
        before = self._new.get(place)
        if before is None:
            before = self._old.get(place)
        return "never" if before is None else _how(before, _mark(digest))

    def add(self, found: dict[tuple[str, str, str], bytes]) -> None:
        """Remember what is kept now."""
        with self._lock:
            self._new.update({hash(key): _mark(digest) for key, digest in found.items()})
            if len(self._new) >= MOST_SEEN // 2:
                self._old, self._new = self._new, dict[int, int]()


def _mark(digest: bytes) -> int:
    """A digest as a number that keeps its form, which is its length: others are not compared."""
    return hash(digest) * FORMS + len(digest)


def _how(before: int, now: int) -> Before:
    is_alike = before % FORMS == now % FORMS
    return "same" if before == now else "other" if is_alike else "another form"


class Batch:
    """Items of one request, judged one by one."""

    def __init__(self, request: Request, key: ApiKey) -> None:
        self.key, self.now = key, database_of(request).clock()
        self.seen: Seen = _state(request)[1]
        self.rows: list[dict[str, Any]] = []
        self.refused: list[dict[str, str]] = []
        self.results: list[dict[str, Any]] = []
        self.new: dict[tuple[str, str, str], bytes] = {}
        self.table: Any = None

    def judge_all(self, given: Any) -> bytes:
        """Judge every item; the record to keep, empty where there is nothing."""
        if isinstance(given, bytes):
            self._take_json(given)
        elif isinstance(given, list):
            _check_number(given)
            for text in given:
                self.judge(text)
        else:
            _check_number(given)
            for item in () if self._take_columns(given) else rows_of(given):
                self._judge_value(item)
        return self.body() if self.rows or self.refused or self.table is not None else b""

    def _take_json(self, body: bytes) -> None:
        """The items of a JSON body: at once where all are plain, else one by one."""
        found = quick.read_all(self.key.kind, body, self.now)
        if found is not None:
            _check_number(found)
            for read in found:
                self._take(None, read)
            return
        texts = quick.split(body)
        items = list_of(body) if texts is None else texts
        _check_number(items)
        for item in items:
            if isinstance(item, bytes):
                self.judge(item)
            else:
                self._judge_value(item)

    def _take_columns(self, table: Any) -> bool:
        """Take an Arrow batch by columns; False where its rows have to be judged one by one."""
        found = read_columns(table, self.now) if self.key.kind == "predictions" else None
        if found is None:
            return False
        places = [(self.key.model, self.key.kind, i) for i in found.ids]
        before = [self.seen.how(*each) for each in zip(places, found.digests, strict=True)]
        if not set(before) <= {"never", "same"}:
            return False
        is_new = [how == "never" for how in before]
        self.results += [
            {"status": "accepted" if new else "duplicate", "id": i}
            for i, new in zip(found.ids, is_new, strict=True)
        ]
        self.new = {p: d for p, d, n in zip(places, found.digests, is_new, strict=True) if n}
        if self.new:
            self.table = found.table if all(is_new) else found.table.filter(is_new)
        return True

    def judge(self, text: bytes) -> None:
        """Accept, know again or reject one item of JSON."""
        found = quick.read_one(self.key.kind, text, self.now)
        if found is not None:
            self._take(text, found)
            return
        try:
            item = read_json(text)
        except ApiError as error:
            self._reject(text, None, error.field, error.detail)
            return
        self._judge_value(item)

    def _judge_value(self, item: Any) -> None:
        try:
            if isinstance(item, Broken):
                raise ApiError(422, "The line is no JSON that can be kept.")
            found = read_item(self.key.kind, item, self.now)
        except ApiError as error:
            self._reject(item, None, error.field, error.detail)
            return
        self._take(item, found)

    def _take(self, item: Any, found: Read) -> None:
        place = (self.key.model, self.key.kind, found.key)
        mine = self.new.get(place)
        if mine is None:
            before = self.seen.how(place, found.digest)
        else:
            before = _how(_mark(mine), _mark(found.digest))
        if before in ("never", "another form"):  # another form: the log tells
            self.new[place] = found.digest
            self.rows.append(found.row)
            self.results.append({"status": "accepted", "id": found.id})
        elif before == "same":
            self.results.append({"status": "duplicate", "id": found.id})
        else:
            said = "The id is taken by another body; this one was put aside."
            self._reject(item or msgspec.json.encode(found.item), found.id, "prediction_id", said)

    def _reject(self, item: Any, item_id: str | None, field: str | None, why: str) -> None:
        if isinstance(item, bytes):
            raw = item.decode("utf-8", "replace")
        else:
            raw = item.text if isinstance(item, Broken) else json.dumps(item, default=str)
        self.refused.append({"reason": _fixed(why, field), "raw": raw[:MOST_RAW]})
        said = {"status": "rejected", "id": item_id, "field": field, "reason": why}
        self.results.append({n: v for n, v in said.items() if v is not None})

    def body(self) -> bytes:
        """The record for the write-ahead log."""
        what = {"model": self.key.model, "kind": self.key.kind}
        if self.table is not None:
            return arrow_record(what, self.table, self.now)
        more = {"refused": self.refused, "received_at": self.now.isoformat()}
        return columns_record({**what, **more}, self.rows)


def _check_number(items: Sized) -> None:
    if len(items) > MOST_ITEMS:
        raise ApiError(413, f"A batch has at most {MOST_ITEMS} items.", "", "Send several batches.")


def _fixed(why: str, field: str | None) -> str:
    """A reason without values, so that a count by reason stays short."""
    return why if field is None else f"the field {field[:80]!r} cannot be kept"


_ERRORS = documented(400, 401, 403, 408, 413, 415, 422, 429, 503)


def _state(request: Request) -> tuple[Wal, Seen]:
    """The write-ahead log and the known ids of this process, made when first asked for."""
    state = request.app.state
    if not hasattr(state, "wal"):
        settings = settings_of(request)
        wal = Wal(
            home_of(database_of(request)) / "wal",
            most_waiting=settings.number("wal_limit_mb") << 20,
            floor=settings.number("disk_floor_mb") << 20,
        )
        state.wal = (wal, Seen())
    found: tuple[Wal, Seen] = state.wal
    return found


def _judges(request: Request) -> CapacityLimiter:
    """How many requests are judged at one time: more would take memory and win nothing."""
    state = request.app.state
    if not hasattr(state, "judges"):
        state.judges = CapacityLimiter(MOST_JUDGED)
    found: CapacityLimiter = state.judges
    return found


async def keep(request: Request, batch: Batch, judge: Callable[[], bytes]) -> list[dict[str, Any]]:
    """Judge what came, and answer once what is to be kept is on the disk."""
    wal, seen = _state(request)
    body = await to_thread.run_sync(judge, limiter=_judges(request))
    if body:
        try:
            await asyncio.wrap_future(wal.append(body))
        except (WalFull, DiskLow) as error:
            status = 429 if isinstance(error, WalFull) else 503
            refusal = ApiError(status, error.what, error.why, error.do)
            refusal.headers = {"Retry-After": RETRY_S}
            raise refusal from error
        seen.add(batch.new)
    count_items(batch.key.model, batch.key.kind, batch.results)
    return batch.results


def _limit(request: Request) -> int:
    return settings_of(request).number("api_limit_mb") << 20


def _add_routes(kind: KeyKind) -> None:
    """The two addresses of one kind of log: one item, and many."""
    given = Annotated[ApiKey, Depends(key_for(kind))]
    shape = SHAPES[kind].model_json_schema(ref_template="#/components/schemas/{model}")
    shape.pop("$defs", None)
    many = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array"}}}
    binary = {"schema": {"type": "string", "format": "binary"}}
    lines = {LINES[0]: binary, ARROW: binary}

    async def post_one(request: Request, response: Response, key: ApiKey) -> Result:
        """Keep one item: 201 when it is new, 200 when it was there."""
        body = await request.body()
        batch, limit = Batch(request, key), _limit(request)
        (found,) = await keep(
            request, batch, lambda: batch.judge_all([one_of(request, body, limit)])
        )
        result = Result(**found)
        if result.status == "rejected":
            status = 409 if result.id else 422
            do = "Mend it and send it again; it was put aside."
            raise ApiError(status, str(result.reason), "", do, result.field)
        response.status_code = 201 if result.status == "accepted" else 200
        return result

    async def post_many(request: Request, key: ApiKey) -> Response:
        """Keep up to 10,000 items; each is accepted, known again or rejected on its own."""
        body = await request.body()
        batch, limit = Batch(request, key), _limit(request)
        results = await keep(
            request, batch, lambda: batch.judge_all(items_of(request, body, limit))
        )
        found = msgspec.json.encode({"results": results})
        return Response(found, media_type="application/json")

    def add(path: str, call: Callable[..., Any], content: dict[str, Any], **more: Any) -> None:
        call.__annotations__["key"] = given
        call.__name__ = f"{call.__name__}_{kind}"
        extra = {"requestBody": {"required": True, "content": content}}
        more |= {"methods": ["POST"], "response_model_exclude_none": True, "openapi_extra": extra}
        router.add_api_route(path, call, **more)

    more: dict[str, Any] = {"status_code": 201, "response_model": Result}
    more["responses"] = {200: {"model": Result}, **_ERRORS, **documented(409)}
    add(f"/{kind}", post_one, {"application/json": {"schema": shape}}, **more)
    more = {"response_model": Results, "responses": _ERRORS}
    add(f"/{kind}/batch", post_many, {"application/json": {"schema": many}, **lines}, **more)


for _kind in get_args(KeyKind):
    if _kind in SHAPES:
        _add_routes(_kind)
