"""The only caches of the screen: one desk a process, and answers shared by all who may see them.

Rights are checked before the cache is read; keys carry the log's fingerprint, which is another
one for who may not see its sensitive columns. Who asks for what somebody else is already waiting for waits for
the same work; when the last one leaves, the work is cancelled.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from analytics.errors import QueryCancelled
from app.ask import Asking, answer
from app.auth.viewer import Viewer
from app.counters import COUNTERS
from app.hands import Hands
from app.lately import Answer, Lately, Made
from app.questions import Asked, build_question, clock
from app.settings import settings_in_force
from app.sizes import bytes_of

if TYPE_CHECKING:
    from analytics.core import Dataset
    from analytics.query.engine import Cancel
    from app.ask import Desk

SOON_S = 0.15  # from when on whoever waits is told at all: other things may be shown meanwhile
FIRST_S = 0.6  # work that takes longer shows that it is under way
STEP_S = 0.2
ABOUT_PEOPLE = ("behaviour", "feedback")  # questions about what people did and said
Watcher = Callable[[float], None]
_OPENING = threading.Lock()


@dataclass(slots=True)
class _Work:
    """One answer being made, and how many wait for it."""

    cancel: Cancel
    done: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    error: BaseException | None = None
    n_waiting: int = 0


class Shelf:
    """Answers by key, the least used thrown away first; equal questions are worked on once.

    It holds at most so many answers and so many bytes; the last one stays whatever its size.
    """

    def __init__(self, max_entries: int, max_bytes: int = 1 << 62) -> None:
        self.max_entries, self.max_bytes = max_entries, max_bytes
        self.n_bytes = 0
        self._answers: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._work: dict[Hashable, _Work] = {}
        self._lock = threading.Lock()
        self._hands = Hands("answers")

    def __len__(self) -> int:
        return len(self._answers)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._answers

    def get(
        self, key: Hashable, make: Callable[[Cancel], Any], watch: Watcher | None = None
    ) -> Any:
        """The answer of that key; ``watch`` is called with the seconds passed while it is made."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                COUNTERS.add("answers", "kept")
                return self._answers[key][0]
            work = self._work.get(key)
            COUNTERS.add("answers", "made" if work is None else "shared")
            work = work or self._start(key, make)
            work.n_waiting += 1
        try:
            self._wait(work, watch)
        finally:
            with self._lock:
                work.n_waiting -= 1
                if work.n_waiting == 0 and not work.done.is_set():
                    self._work.pop(key, None)
                    COUNTERS.add("answers", "cancelled")
                    threading.Thread(target=work.cancel.press, daemon=True).start()
        if work.error is not None:
            raise work.error
        return work.value

    def _start(self, key: Hashable, make: Callable[[Cancel], Any]) -> _Work:
        from analytics.query.engine import Cancel

        work = self._work[key] = _Work(Cancel())
        self._hands.do(lambda: self._run(key, work, make))
        return work

    def _run(self, key: Hashable, work: _Work, make: Callable[[Cancel], Any]) -> None:
        try:
            work.value = make(work.cancel)
        except BaseException as error:
            work.error = error
        size = bytes_of(work.value) if work.error is None else 0
        with self._lock:
            if self._work.get(key) is work:
                del self._work[key]
            if work.error is None:
                self._put(key, work.value, size)
        work.done.set()

    def _put(self, key: Hashable, value: Any, size: int) -> None:
        self.n_bytes += size - self._answers.pop(key, (None, 0))[1]
        self._answers[key] = value, size
        while len(self._answers) > 1 and (
            len(self._answers) > self.max_entries or self.n_bytes > self.max_bytes
        ):
            self.n_bytes -= self._answers.popitem(last=False)[1][1]

    def _wait(self, work: _Work, watch: Watcher | None) -> None:
        started = monotonic()
        if work.done.wait(SOON_S):
            return
        if watch is not None:
            watch(monotonic() - started)
        if work.done.wait(FIRST_S - SOON_S):
            return
        while not work.done.wait(STEP_S):
            if watch is not None:
                watch(monotonic() - started)


def desk() -> Desk:
    """The desk of this process; a new one when the home or the folders it may read change."""
    settings = settings_in_force()
    key = (str(settings.home), settings.database_url, settings.text("import_roots"))
    opened = _opened(key, None)
    attached = opened.manifest.attached()
    return _opened(key, attached) if attached else opened


def _opened(home: tuple[str, str, str], attached: tuple[str, ...] | None) -> Desk:
    with _OPENING:  # two who come at once get one
        return _open_desk(home, attached)


@lru_cache(maxsize=4)
def _open_desk(home: tuple[str, str, str], attached: tuple[str, ...] | None) -> Desk:
    from app.ask import Desk

    del home, attached  # the key
    return Desk(settings_in_force())


@lru_cache(maxsize=4)
def _shelf(home: str, max_entries: int, max_mb: int) -> Shelf:
    del home
    return Shelf(max_entries, max_mb * 1_000_000)


def shelf() -> Shelf:
    """The answers of this process."""
    settings = settings_in_force()
    entries, mb = settings.number("cache_entries"), settings.number("cache_mb")
    with _OPENING:
        return _shelf(str(settings.home), entries, mb)


@lru_cache(maxsize=4)
def _lately_of(home: str) -> Lately:
    del home
    return Lately()


def _lately() -> Lately:
    """The last answers of this process about logs that go on."""
    with _OPENING:
        return _lately_of(str(settings_in_force().home))


def dataset_of(model: str, viewer: Viewer, at: Desk | None = None) -> Dataset:
    """The model's logs as this viewer may see them; AccessDenied where they may not."""
    viewer.check("view", model)
    dataset = (at or desk()).dataset(model)
    return dataset if viewer.may("see_sensitive", model) else dataset.without_sensitive()


@dataclass(frozen=True, slots=True)
class _Asking:
    """A question by a viewer who may ask it, and the key of its answer."""

    desk: Desk
    words: Asking
    key: Hashable
    again: Hashable | None  # what is the same when it is asked later of a log that goes on


def answers(
    name: str,
    model: str,
    asked: Asked,
    viewer: Viewer,
    *,
    watch: Watcher | None = None,
    other: str | None = None,
) -> Answer:
    """The answer to a question in words; ``name`` is one of ``QUESTIONS``, or "column:NAME".

    ``other`` is a second model that the question is about; the viewer must be let see it too. Of a log
    that goes on, what takes a while is answered with what is in place (``as_of``) while the next is made.
    """
    return _told(_asking(name, model, asked, viewer, other), watch)


def at_hand(name: str, model: str, asked: Asked, viewer: Viewer) -> Answer:
    """The answer, or the one before it of a log that goes on, however soon the next is made.

    For what stands beside a page's matter: nobody is to wait for each new part of every other log.
    """
    return _told(_asking(name, model, asked, viewer, None), None, 0.0)


def _told(asking: _Asking, watch: Watcher | None, least_s: float | None = None) -> Answer:
    words, at, place = asking.words, monotonic(), shelf()

    def make(cancel: Cancel) -> Any:
        return answer(asking.desk.engine.under(cancel), words)

    if asking.again is None:
        return Answer(words.dataset, words.question, place.get(asking.key, make, watch))

    def ask(watch: Watcher | None = None) -> Answer:
        found = Answer(words.dataset, words.question, place.get(asking.key, make, watch))
        told = Made(replace(found, as_of=words.wall), words.second, at, monotonic() - at)
        _lately().put(asking.again, told, least_s)
        return found

    if asking.key in place:
        return Answer(words.dataset, words.question, place.get(asking.key, make))
    before = _in_place(asking, least_s)
    if before is None:
        return ask(watch)
    _lately().begin(asking.again, ask)
    return before


def _in_place(asking: _Asking, least_s: float | None = None) -> Answer | None:
    """What may be given instead while the answer is made."""
    if asking.again is None:
        return None
    words = asking.words
    return _lately().get(asking.again, words.dataset, words.second, least_s)


def is_known(name: str, model: str, asked: Asked, viewer: Viewer) -> bool:
    """Whether the answer is there already, so that nobody waits for it."""
    asking = _asking(name, model, asked, viewer, None)
    return asking.key in shelf() or _in_place(asking) is not None


def _asking(name: str, model: str, asked: Asked, viewer: Viewer, other: str | None) -> _Asking:
    for named in filter(None, (model, other)):
        viewer.check("view", named)
    place = desk()
    dataset = dataset_of(model, viewer, place)
    second = dataset_of(other, viewer, place) if other else None
    wall = place.now()
    moment = clock(dataset, wall)
    question = build_question(dataset, asked, moment)
    meant: Hashable = repr(question)  # words that mean the same are the same question
    people = dataset.people if name.partition(":")[0] in ABOUT_PEOPLE else ()
    again = None
    if moment is wall:  # a live log: the same minute is the same moment
        meant, moment = asked, moment.replace(second=0, microsecond=0)
        is_whole = tuple(
            viewer.may("see_sensitive", named) for named in filter(None, (model, other))
        )
        again = None if people else (name, model, other, asked, is_whole)
    prints = (dataset.fingerprint, second.fingerprint if second else None, people)
    key = (name, model, other, prints, meant, moment)  # masked logs have another fingerprint
    return _Asking(place, Asking(name, dataset, question, wall, second), key, again)


def is_cancelled(error: BaseException) -> bool:
    """Whether the work ended because somebody stopped it."""
    return isinstance(error, QueryCancelled)
