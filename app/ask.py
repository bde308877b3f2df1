"""One place where a process opens the state and the engine and asks: the desk of the house."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.questions import Asked, build_question, clock
from app.state.database import Database, utc_now

if TYPE_CHECKING:
    from analytics.compare.comparison import Comparison
    from analytics.core import Dataset, Question, Result
    from analytics.query.engine import Cancel, Engine
    from app.settings import Settings


class Desk:
    """State and engine of one home; ``ask`` answers a question in words."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = utc_now) -> None:
        from app.state.manifest import Manifest
        from app.state.migrations import migrate

        self.settings = settings
        self.now = now
        self._is_masked = False
        self._datasets: dict[str, Dataset] | None = None
        settings.home.mkdir(parents=True, exist_ok=True)
        self.database = Database(settings.database_url, home=settings.home)
        migrate(self.database)
        self.manifest = Manifest(self.database)
        self.engine = open_engine(settings, self.database)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close both."""
        self.engine.close()
        self.database.close()

    def dataset(self, model: str) -> Dataset:
        """The model's logs as they are now."""
        if self._datasets is not None and model in self._datasets:
            return self._datasets[model]
        found = self.manifest.dataset(model)
        found = found.without_sensitive() if self._is_masked else found
        if self._datasets is not None:
            self._datasets[model] = found
        return found

    def for_a_round(self) -> Desk:
        """The same desk for many questions about logs as they are now: what two share is asked once."""
        desk = copy.copy(self)
        desk.engine, desk._datasets = self.engine.remembering(), {}
        return desk

    def under(self, cancel: Cancel, *, is_masked: bool = False) -> Desk:
        """The same desk whose questions stop when ``cancel`` is pressed; masked, without sensitive columns."""
        desk = copy.copy(self)
        desk.engine, desk._is_masked = self.engine.under(cancel), is_masked
        return desk

    def ask(self, name: str, model: str, asked: Asked) -> tuple[Dataset, Question, list[Result]]:
        """The dataset, the question behind the words, and its results."""
        dataset = self.dataset(model)
        wall = self.now()
        question = build_question(dataset, asked, clock(dataset, wall))
        return dataset, question, answer(self.engine, Asking(name, dataset, question, wall))

    def compare(
        self, model: str, asked: Asked, other: str | None = None, *, is_concurrent: bool = True
    ) -> tuple[Dataset, Comparison]:
        """The model's log beside a baseline: a reference in words, or another model."""
        from analytics.evaluate import compare_sides

        dataset = self.dataset(model)
        question = build_question(dataset, asked, clock(dataset, self.now()))
        second = self.dataset(other) if other else None
        found = compare_sides(self.engine, dataset, question, second, is_concurrent=is_concurrent)
        return dataset, found


@dataclass(frozen=True, slots=True)
class Asking:
    """A question of a name over a dataset, at a real moment; ``second`` is what it compares with."""

    name: str
    dataset: Dataset
    question: Question
    wall: datetime
    second: Dataset | None = None

    @property
    def moment(self) -> datetime:
        """The moment it is asked at: as of then, else the log's clock."""
        return self.question.scope.as_of or clock(self.dataset, self.wall)


def answer(engine: Engine, asking: Asking) -> Any:
    """Work out the answer; a name may carry what it is about, such as "column:NAME".

    Only a few answers that read many rows are worked out at once, so that memory holds.
    """
    with engine.asking() as mine:
        return _answer(mine, asking)


def _answer(engine: Engine, asking: Asking) -> Any:
    from analytics import evaluate
    from analytics.evaluate import failing, machine
    from analytics.evaluate.serving import latency_map

    dataset, question, moment = asking.dataset, asking.question, asking.moment
    kind, _, what = asking.name.partition(":")
    if kind == "performance":
        return evaluate.performance(engine, dataset, question, now=moment)
    if kind == "leaning":
        from analytics.evaluate.leaning import leaning

        return leaning(engine, dataset, question)
    if kind == "held":
        from analytics.evaluate.held import held

        return held(engine, dataset, question, now=moment)
    if kind == "estimate":
        return _estimate(engine, asking, what)
    if kind in ("changes", "alarms"):
        return _changes(engine, asking, kind, what)
    if kind == "band":
        from analytics.evaluate.band import always_valid

        return always_valid(engine, dataset, question, now=moment)
    if kind == "why":
        from analytics.evaluate.why import why

        return why(engine, dataset, question, now=moment)
    if kind == "quality":
        return _quality(engine, asking)
    if kind == "fairness":
        from analytics.evaluate.fairness import group_fairness

        return group_fairness(engine, dataset, question, what)
    if kind in ("promise", "load", "load_results", "latency_by", "cost"):
        return _served(engine, dataset, question, kind, what)
    if kind in ("drift", "serving"):
        return _kept(engine, asking, kind, evaluate.drift if kind == "drift" else evaluate.serving)
    plain: dict[str, Callable[..., Any]] = {
        "slices": evaluate.slices,
        "errors": failing.errors,
        "error_kinds": failing.error_results,
        "stacks": failing.stacks_of,
        "machine": machine.uses_of,
        "machine_results": machine.machine_results,
        "silences": machine.silence_results,
        "error_stacks": failing.stack_results,
        "latency_map": latency_map,
    }
    if kind in plain:
        return plain[kind](engine, dataset, question)
    return _answer_for_pages(engine, asking, kind, what)


def _kept(
    engine: Engine, asking: Asking, kind: str, work: Callable[..., list[Result]]
) -> list[Result]:
    """In a round only the periods that changed are worked out; elsewhere all that was asked about."""
    dataset, question = asking.dataset, asking.question
    if not engine.is_remembering:
        return work(engine, dataset, question)
    from analytics.evaluate.by_period import answer_by_period

    return answer_by_period(engine, dataset, question, work, kind)


def _quality(engine: Engine, asking: Asking) -> list[Result]:
    """Data quality; freshness is silent in demo and replay."""
    from analytics import evaluate

    is_live = clock(asking.dataset, asking.wall) is asking.wall
    if not is_live:
        return _kept(engine, asking, "quality", evaluate.quality)

    def work(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
        return evaluate.quality(engine, dataset, question, now=asking.wall)

    return _kept(engine, asking, "live quality", work)


def _changes(engine: Engine, asking: Asking, kind: str, detector: str) -> list[Result]:
    """When a metric's level changed: looking back over periods, or by a detector of that name.

    "alarms" are the detector's by period, as a monitor judges them.
    """
    dataset, question, moment = asking.dataset, asking.question, asking.moment
    if kind == "alarms":
        from analytics.evaluate.alarms import alarms_by_period

        return alarms_by_period(engine, dataset, question, detector, now=moment)
    from analytics.evaluate.changes import changes, detections

    if detector:
        return detections(engine, dataset, question, detector)
    return changes(engine, dataset, question, now=moment)


def _estimate(engine: Engine, asking: Asking, what: str) -> list[Result]:
    """Estimates without labels: the one to go by, with how far it was off ("past"), by every method
    ("all"), or by one that is named ("cbpe", "past:cbpe")."""
    from analytics.evaluate.opinions import by_method, leading, opinions

    dataset, question = asking.dataset, asking.question
    if what == "all":
        return opinions(engine, dataset, question)
    kind, _, method = what.partition(":")
    method = method if kind == "past" else kind

    def make(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
        if not method:
            return leading(engine, dataset, question)
        return by_method(engine, dataset, question, method)

    if kind == "past":
        from analytics.evaluate.past import estimate_with_past

        return estimate_with_past(engine, dataset, question, now=asking.moment, make=make)
    return make(engine, dataset, question) if method else _kept(engine, asking, "estimate", make)


def _served(engine: Engine, dataset: Dataset, question: Question, kind: str, what: str) -> Any:
    """How the model serves beside a promise (promise:MS:SHARE), or by a column."""
    from analytics.evaluate import promise
    from analytics.evaluate.latency_by import latency_by
    from analytics.evaluate.machine import cost_results
    from analytics.serving.promise import check_promise

    if kind == "latency_by":
        return latency_by(engine, dataset, question, what)
    if kind == "cost":
        return cost_results(engine, dataset, question, float(what))
    threshold, _, target = what.partition(":")
    made = check_promise(float(threshold), float(target))
    if kind == "promise":
        return promise.promise_results(engine, dataset, question, made)
    found = promise.load_map(engine, dataset, question, made)
    return found if kind == "load" else promise.load_results(found)


def _answer_for_pages(engine: Engine, asking: Asking, kind: str, what: str) -> Any:
    """What only pages ask, so that a command does not load it."""
    from analytics import evaluate
    from analytics.evaluate import behind, headline
    from analytics.evaluate.feedback import feedback, feedback_by

    dataset, question = asking.dataset, asking.question
    if kind == "facts":
        return headline.facts(engine, dataset, question, asking.moment)
    if kind == "behind":
        return behind.behind(engine, dataset, question, what or None)
    if kind == "behaviour":
        return _behaviour(engine, asking, what)
    if kind == "column":
        return behind.column(engine, dataset, question, what)
    if kind == "feedback" and what:
        return feedback_by(engine, dataset, question, what)
    if kind == "neighbours":
        return behind.neighbours(engine, dataset, question, what)
    if kind == "cut":
        return behind.cut(engine, dataset, question, what)
    if kind == "plan":  # plan:METRIC:WITHIN
        from analytics.evaluate.plan import plan_labels

        metric, _, within = what.partition(":")
        return plan_labels(engine, dataset, question.scope, metric, float(within))
    if kind == "compare":
        return evaluate.compare_sides(engine, dataset, question, asking.second)
    plain: dict[str, Callable[..., Any]] = {
        "feedback": feedback,
        "headline": headline.headline,
        "delays": behind.delays,
        "suspects": suspects_of,
        "share": behind.share_of,
    }
    return plain[kind](engine, dataset, question)


def _behaviour(engine: Engine, asking: Asking, what: str) -> Any:
    """What people do: the numbers, or what one panel of the page draws."""
    from analytics.evaluate import panels
    from analytics.evaluate.behaviour import behaviour
    from app.settings import settings_in_force

    dataset, question, settings = asking.dataset, asking.question, settings_in_force()
    panel, _, column = what.partition(":")
    if not panel:
        fast_s = settings.number("fast_accept_ms") / 1000
        return behaviour(engine, dataset, question, asking.moment, fast_s)
    if panel in ("waits", "weeks"):
        find = panels.time_to_action if panel == "waits" else panels.returning
        return find(engine, dataset, question, asking.moment)
    if panel == "hours":
        return panels.hours(engine, dataset, question, settings.text("display_zone"))
    if panel == "adoption":
        return panels.adoption(engine, dataset, question, column)
    plain: dict[str, Callable[..., Any]] = {
        "seen": panels.seen,
        "funnel": panels.funnel,
        "confidence": panels.confidence,
        "worth": panels.worth,
    }
    return plain[panel](engine, dataset, question)


def suspects_of(engine: Engine, dataset: Dataset, question: Question) -> Any:
    """Labels of the window that the model confidently contradicts."""
    from analytics.evaluate.suspects import suspect_labels

    return suspect_labels(engine, dataset, question.scope)


def open_engine(settings: Settings, database: Database) -> Engine:
    """The engine over the home's logs, the folders that may be imported, and attached ones.

    Its lock cannot be widened: after a folder was attached, open a new one.
    """
    from analytics.query.aligned import FOLDER
    from analytics.query.beside import Beside
    from analytics.query.engine import Engine
    from analytics.query.turns import Turns
    from analytics.summaries import store
    from app.memory import give_back
    from app.state.logs import attached_folders

    roots = [str(settings.home), *filter(None, settings.text("import_roots").split(":"))]
    engine = Engine(
        [*roots, *attached_folders(database)],
        memory=settings.text("query_memory"),
        threads=settings.number("query_threads"),
        timeout_s=settings.number("query_timeout_s"),
        spill=settings.home / "spill",
        beside=Beside(folder=settings.home / FOLDER),
    )
    engine.turns = Turns(settings.number("query_at_once"), give_back)
    engine.summaries = store.Summaries(settings.home / store.FOLDER)
    return engine
