"""One place where a process opens the state and the engine and asks: the desk of the house."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from app.questions import Asked, build_question, clock
from app.state.database import Database, utc_now

if TYPE_CHECKING:
    from analytics.core import Comparison, Dataset, Question, Result
    from analytics.query.engine import Engine
    from app.settings import Settings


class Desk:
    """State and engine of one home; ``ask`` answers a question in words."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = utc_now) -> None:
        from app.state.migrations import migrate

        self.settings = settings
        self.now = now
        settings.home.mkdir(parents=True, exist_ok=True)
        self.database = Database(settings.database_url)
        migrate(self.database)
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
        from app.state.logs import load_dataset

        return load_dataset(self.database, model)

    def ask(self, name: str, model: str, asked: Asked) -> tuple[Dataset, Question, list[Result]]:
        """The dataset, the question behind the words, and its results."""
        dataset = self.dataset(model)
        wall = self.now()
        question = build_question(dataset, asked, clock(dataset, wall))
        return dataset, question, answer(self.engine, dataset, question, name, wall)

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


def answer(
    engine: Engine, dataset: Dataset, question: Question, name: str, wall: datetime
) -> list[Result]:
    """Call the evaluation of that name; ``wall`` is the real clock."""
    from analytics import evaluate

    if name == "performance":
        moment = question.scope.as_of or clock(dataset, wall)
        return evaluate.performance(engine, dataset, question, now=moment)
    if name == "drift":
        return evaluate.drift(engine, dataset, question)
    if name == "serving":
        return evaluate.serving(engine, dataset, question)
    is_live = clock(dataset, wall) is wall  # freshness is silent in demo and replay
    return evaluate.quality(engine, dataset, question, now=wall if is_live else None)


def open_engine(settings: Settings, database: Database) -> Engine:
    """The engine over the home's logs, the folders that may be imported, and attached ones.

    Its lock cannot be widened: after a folder was attached, open a new one.
    """
    from analytics.query.engine import Engine
    from app.state.logs import attached_folders

    roots = [str(settings.home), *filter(None, settings.text("import_roots").split(":"))]
    return Engine(
        [*roots, *attached_folders(database)],
        memory=settings.text("query_memory"),
        threads=settings.number("query_threads"),
        timeout_s=settings.number("query_timeout_s"),
        spill=settings.home / "spill",
    )
