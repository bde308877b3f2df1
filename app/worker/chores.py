"""What a worker does besides jobs, every second: send messages, link feedback that came too early."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from app.feedback.linking import link, unlinked
from app.feedback.mail import send_mail
from app.feedback.sending import Sent, send
from app.feedback.services import send_service
from app.feedback.weekly import ask_digests
from app.monitors.rounds import go_round
from app.settings import Settings
from app.state import triage
from app.state.database import Database
from app.state.hooks import Delivery, Hook, claim_due, end_delivery
from app.state.logs import load_dataset

if TYPE_CHECKING:
    from analytics.query.engine import Engine

EVERY_S = 1.0
DIGESTS_S = 60.0
AFTER_A_FAULT_S = 15.0
MOST_AT_ONCE = 20
SENDERS: Mapping[str, Callable[[Settings, Hook, Delivery], Sent]] = {
    "mail": send_mail,
    "apprise": send_service,
}
_log = logging.getLogger("telltale.chores")


class Chores(threading.Thread):
    """Does them until ended, whatever else the worker does."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(daemon=True, name="chores")
        self._settings, self._database = settings, database
        self._ended = threading.Event()
        self._engine: Engine | None = None
        self._digests_at = 0.0
        self._seen: dict[
            str, tuple[str, ...]
        ] = {}  # model: the parts its feedback was looked for in

    def run(self) -> None:
        """Until ended; what goes wrong is said, and tried again."""
        wait_s = EVERY_S
        while not self._ended.wait(wait_s):
            try:
                self.do()
                wait_s = EVERY_S
            except Exception:
                _log.exception("a chore was left undone")
                self._forget_engine()
                wait_s = AFTER_A_FAULT_S
        self._forget_engine()

    def do(self) -> None:
        """All of them, once."""
        self.link_models()
        if time.monotonic() >= self._digests_at:
            self._digests_at = time.monotonic() + DIGESTS_S
            ask_digests(self._settings, self._database, self._open_engine)
            go_round(self._settings, self._database)
        for _ in range(MOST_AT_ONCE):
            if self._ended.is_set() or not deliver_one(self._settings, self._database):
                break

    def link_models(self) -> None:
        """Look for predictions of new feedback, and again of old where predictions came in."""
        waiting = unlinked(self._database, ("waiting",))
        early = unlinked(self._database, ("unlinked",))
        for model in dict.fromkeys((*waiting, *early)):
            dataset = load_dataset(self._database, model, self._settings.home)
            parts = tuple(part.fingerprint for part in dataset.log("predictions").parts)
            is_new = self._seen.get(model) != parts
            if model in waiting or is_new:
                links = ("waiting", "unlinked") if is_new else ("waiting",)
                link(self._open_engine(), self._database, dataset, links=links)
                self._seen[model] = parts

    def end(self) -> None:
        """Do no more."""
        self._ended.set()
        self.join()

    def _open_engine(self) -> Engine:
        from app.ask import open_engine

        if self._engine is None:
            self._engine = open_engine(self._settings, self._database)
        return self._engine

    def _forget_engine(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None


def deliver_one(settings: Settings, database: Database) -> bool:
    """Send the next message that is due; False where none is."""
    claimed = claim_due(database)
    if claimed is None:
        return False
    delivery, hook = claimed
    sent = SENDERS.get(hook.style, send)(settings, hook, delivery)
    with database.write(f"webhook {hook.name}"[:120]) as write:
        end_delivery(write, delivery, sent.error, is_final=sent.is_final)
        if sent.external and hook.purpose in ("reply", "ticket"):
            triage.set_external(write, delivery.feedback_id, sent.external)
    return True
