"""The desk between the screen and the verbs: which cards are open, and what an answer comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from analytics.errors import AccessDenied, TelltaleError, UsageError
from analytics.words import write_count, write_list, write_value
from app.cache import desk as shared_desk
from app.cache import shelf
from app.cards import Card, Layout, card_of, layout_of
from app.headers import picture_hosts
from app.label_keys import check_keys
from app.labelling.answer import Answer, give_answers, undo, undoable
from app.labelling.claim import claim_next
from app.labelling.people import progress, save_keys
from app.settings import settings_in_force
from app.widgets.label.form import QUEUES, Form

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.core import Dataset
    from app.auth.viewer import Viewer
    from app.labelling.answer import Outcome as Given
    from app.labelling.claim import Card as Claimed
    from app.labelling.claim import Claim
    from app.state.database import Database
    from app.state.labels import Project

REFUSALS = (UsageError, AccessDenied, KeyError)  # of one answer; anything else is tried again


@dataclass(frozen=True, slots=True)
class Opened:
    """A card on the desk."""

    task: int
    card: Card


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the desk shows at a moment: cards in order, and how far the day has come.

    ``undo_top`` is the id of the answer that an undo would take back; "" where there is none.
    """

    cards: tuple[Opened, ...]
    done: int
    goal: int | None
    notes: tuple[str, ...]
    undo_top: str
    empty: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer came to: what may now be told of the card, or why it was not kept."""

    id: str
    task: int | None
    told: str = ""
    problem: str = ""


@dataclass(slots=True)
class LabelDesk:
    """One person's desk in one project; ``queue`` None takes whatever comes next."""

    viewer: Viewer
    project: Project
    dataset: Dataset
    form: Form
    queue: str | None = None

    @property
    def model(self) -> str:
        """The model that is labelled."""
        return self.project.model

    @property
    def box(self) -> str:
        """The name of this person's outbox in the browser: nobody sends another one's answers."""
        return f"{self.project.id}/{self.viewer.user}"

    @property
    def database(self) -> Database:
        """The state."""
        return shared_desk().database

    def sheet(self, n: int) -> Sheet:
        """The next ``n`` cards, leased to this person, and how the day went so far."""
        number = self.project.id
        try:
            claim = claim_next(self.database, self.viewer, number, n, self.queue)
            if self._complete(claim):
                claim = claim_next(self.database, self.viewer, number, n, self.queue)
        except (UsageError, AccessDenied) as error:  # closed meanwhile, or meant for others
            return Sheet((), 0, None, (), "", f"{error.what} {error.why}")
        layout = card_layout(self.dataset)
        cards = tuple(_opened(card, layout) for card in claim.cards)
        found = progress(self.database, self.viewer, number)
        with self.database.read() as connection:
            stack = undoable(connection, number, self.viewer.user)
        goal = found.n_mine_today + found.n_for_me
        return Sheet(
            cards,
            found.n_mine_today,
            goal,
            tuple(filter(None, (_pace(found.per_minute), _gold(found.gold)))),
            stack[0].unique_id if stack else "",
            self._empty(claim),
        )

    def _complete(self, claim: Claim) -> bool:
        """Whether cards that came with an id alone got what the model saw."""
        if all(card.data for card in claim.cards):
            return False
        from app.labelling.complete import complete_tasks

        engine = shared_desk().engine
        return complete_tasks(engine, self.database, self.viewer, self.project.id) > 0

    def take(self, items: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Store presses in their order; as many outcomes as were dealt with for good.

        Sent again, nothing is stored twice. Where the state cannot be written, what is left is not
        dealt with: the browser keeps it and sends it again.
        """
        said: list[Outcome] = []
        for kind, some in groupby(items, key=_verb):
            batch = list(some)
            try:
                said += self._deal(kind, batch)
            except REFUSALS:
                for item in batch:  # one of them is at fault: the others are kept
                    said.append(self._alone(kind, item))
        return said

    def _alone(self, kind: str, item: Mapping[str, Any]) -> Outcome:
        try:
            return self._deal(kind, [item])[0]
        except REFUSALS as error:
            why = f"{error.what} {error.do}" if isinstance(error, TelltaleError) else "Not kept."
            return Outcome(str(item["id"]), item.get("task"), problem=why)

    def _deal(self, kind: str, items: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        if kind == "undo":
            return [self._undo(item) for item in items]
        if kind == "keys":
            for item in items:
                save_keys(self.database, self.viewer, check_keys(item["keys"]))
            return [Outcome(str(item["id"]), None) for item in items]
        answers = [_answer(item) for item in items]
        given = give_answers(self.database, self.viewer, self.project.id, answers)
        return [_outcome(outcome) for outcome in given]

    def _undo(self, item: Mapping[str, Any]) -> Outcome:
        """Take the last answer back, unless that was done already."""
        with self.database.read() as connection:
            stack = undoable(connection, self.project.id, self.viewer.user)
        if not stack or item.get("of") not in (None, stack[0].unique_id):
            return Outcome(str(item["id"]), item.get("task"))
        undone = undo(self.database, self.viewer, self.project.id)
        return Outcome(str(item["id"]), undone.card.task_id if undone else None)

    def _empty(self, claim: Claim) -> str:
        if claim.held:
            n = sum(held.n for held in claim.held)
            who = write_list([held.person for held in claim.held])
            until = _clock(max(held.until for held in claim.held))
            verb = "item is" if n == 1 else "items are"
            return f"{write_count(n)} {verb} held by {who} until {until}."
        if self.queue == "skipped":
            return "You have skipped nothing."
        if self.queue:
            return f"Nothing is left for you in the queue {QUEUES[self.queue]}. Choose another."
        return "Nothing is left for you here. Thank you."


def card_layout(dataset: Dataset) -> Layout:
    """How rows of a model are shown, of the columns that the dataset has; worked out once."""
    settings = settings_in_force()
    roots = [str(settings.home), *filter(None, settings.text("import_roots").split(":"))]
    hosts = picture_hosts()
    key = ("card layout", dataset.model, dataset.schema, tuple(roots))
    found: Layout = shelf().get(
        key, lambda cancel: layout_of(shared_desk().engine.under(cancel), dataset, roots)
    )
    return replace(found, hosts=hosts)


def _opened(card: Claimed, layout: Layout) -> Opened:
    why = "practice: you are told what is right" if card.is_practice else card.reason
    if card.prediction is not None:  # the project's policy: people see it before they answer
        why = f"{said_by_model(card.prediction)} {why}".strip()
    shown = card_of(card.data, layout, card.prediction_id, why)
    return Opened(card.task_id, shown)


def _verb(item: Mapping[str, Any]) -> str:
    kind = str(item.get("kind"))
    return kind if kind in ("undo", "keys") else "answer"


def _answer(item: Mapping[str, Any]) -> Answer:
    kind = str(item["kind"])
    return Answer(
        unique_id=str(item["id"]),
        task_id=int(item["task"]),
        answer=item.get("value") if kind == "answer" else None,
        action=kind,  # type: ignore[arg-type]
        lead_time=max(float(item.get("lead_ms") or 0), 0.0) / 1000,
        comment=str(item.get("comment") or "")[:4000],
        client_seq=int(item["seq"]) if item.get("seq") is not None else None,
    )


def _outcome(given: Given) -> Outcome:
    if given.status == "refused":
        return Outcome(given.unique_id, given.task_id, problem=given.why)
    pieces = []
    if given.is_right is not None:
        pieces.append(
            "Practice: right." if given.is_right else f"Practice: it is {given.gold_label}."
        )
    if given.prediction:
        pieces.append(said_by_model(given.prediction))
    return Outcome(given.unique_id, given.task_id, " ".join(filter(None, pieces)))


def said_by_model(prediction: Mapping[str, Any]) -> str:
    """What the model said, in words; empty where it said nothing."""
    value, score = prediction.get("prediction"), prediction.get("score")
    if value is None:
        return ""
    sure = f" ({write_value(float(score), 'score')})" if score is not None else ""
    return f"The model said {value}{sure}."


def _pace(per_minute: float | None) -> str:
    return "" if per_minute is None else f"{per_minute:.1f}/min"


def _gold(gold: tuple[int, int]) -> str:
    return f"gold {gold[0]}/{gold[1]}" if gold[1] else ""


def _clock(moment: datetime) -> str:
    from datetime import UTC

    zone = ZoneInfo(settings_in_force().text("display_zone"))
    return f"{moment.replace(tzinfo=UTC).astimezone(zone):%H:%M %Z}"
