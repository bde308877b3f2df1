"""Make a report for somebody: rights first, an audit row with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analytics.errors import NameUnknown
from app.questions import Asked, clock
from app.report.html import write_report
from app.report.reader import Reader
from app.report.sections import SECTIONS, read_sections
from app.terms import terms_of

if TYPE_CHECKING:
    from app.ask import Desk


def report_of(desk: Desk, model: str, asked: Asked, pages: Sequence[str], *, actor: str) -> str:
    """The report as HTML; whoever made it stands in the audit trail."""
    from dataclasses import replace

    from app.ask import Asking, answer
    from app.questions import build_question

    check_pages(pages)
    dataset = desk.dataset(model)
    wall = desk.now()

    def ask(name: str, words: Asked) -> object:
        question = build_question(dataset, words, clock(dataset, wall))
        return answer(desk.engine, Asking(name, dataset, question, wall))

    facts = ask("facts", replace(asked, names=(), columns=(), every=None))
    moment = clock(dataset, wall)
    terms = terms_of(desk.database, model)
    reader = Reader(dataset, asked, facts, moment, ask, terms)  # type: ignore[arg-type]
    text = write_report(reader, read_sections(reader, pages), wall)
    note_report(desk, model, pages, asked, actor)
    return text


def note_report(desk: Desk, model: str, pages: Sequence[str], asked: Asked, actor: str) -> None:
    """The audit row of a report."""
    with desk.database.write(actor) as write:
        write.audit("export", "report", model, pages=list(pages), segment=asked.segment)


def check_pages(pages: Sequence[str]) -> None:
    """NameUnknown for a page that no report has."""
    for page in pages:
        if page not in SECTIONS:
            raise NameUnknown(
                f"There is no report of {page!r}.", "", f"Choose of: {', '.join(SECTIONS)}."
            )
