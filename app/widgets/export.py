"""Take it away: the page's numbers as CSV, as a report, as code, and charts as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.current import read_token
from app.cache import answers, desk
from app.questions import Asked, clock
from app.report.html import write_report
from app.report.make import note_report
from app.report.reader import Reader
from app.report.sections import SECTIONS, read_sections
from app.terms import terms_of
from app.widgets.problem import plain
from app.widgets.tables import results_csv

if TYPE_CHECKING:
    from analytics.core import Result
    from app.widgets.view import View


def draw_export(
    place: Any,
    view: View,
    results: Sequence[Result],
    page: str,
    asked: Mapping[str, Any] | None = None,
    other: str | None = None,
) -> None:
    """The menu in the page's head; ``asked`` are words that the page's own question changed."""
    if not view.viewer.may("export", view.model):
        return
    words = view.asked(**dict(asked or {}))
    with place.popover("Export"):
        st.download_button(
            f"Numbers of this page (CSV, {len(results)} results)",
            partial(results_csv, results),  # written at the click
            file_name=f"{view.model}-{page}.csv",
            mime="text/csv",
            on_click="ignore",
            key="export_csv",
            width="stretch",
        )
        _reports(view, words, page, other)
        _draw_code_box(view, page, words, results, other)


def _reports(view: View, words: Asked, page: str, other: str | None) -> None:
    token, model = read_token(), view.model
    every = {page: "Report of this page (HTML)", "": "Report of the whole model (HTML)"}
    for name, label in every.items():
        pages = (name,) if name else tuple(SECTIONS)
        asked = words if name else view.asked()
        st.download_button(
            label,
            partial(make_report, model, asked, pages, other, token),
            file_name=f"{model}-{name or 'report'}.html",
            mime="text/html",
            on_click="ignore",
            key=f"report_{name or 'all'}",
            help="One file with its charts in it; it opens without a network.",
            width="stretch",
        )


def make_report(
    model: str, asked: Asked, pages: Sequence[str], other: str | None, token: str | None
) -> bytes:
    """The file of a button; asked at the click, outside of any run: the token says who."""
    viewer = require("export", model, token)

    def answer(name: str, words: Asked) -> Any:
        second = other if name == "compare" else None
        return answers(name, model, words, viewer, other=second).value

    found = answers("facts", model, asked, viewer)
    moment = found.question.scope.as_of or clock(found.dataset, desk().now())
    terms = terms_of(desk().database, model)
    may_explore = viewer.may("explore", model)
    reader = Reader(found.dataset, asked, found.value, moment, answer, terms, may_explore)
    text = write_report(reader, read_sections(reader, pages), desk().now())
    note_report(desk(), model, pages, asked, viewer.user)
    return text.encode()


def _draw_code_box(
    view: View, page: str, words: Asked, results: Sequence[Result], other: str | None
) -> None:
    """Opening the box runs only the box again: the page below stands as it is."""

    @st.fragment
    @guarded("export", view.model)
    def draw() -> None:
        with st.expander("Copy as code", key="as_code", on_change="rerun", type="compact") as box:
            if box.open:
                _draw_code(view, page, words, results, other)

    draw()


def _draw_code(
    view: View, page: str, words: Asked, results: Sequence[Result], other: str | None
) -> None:
    from analytics.evaluate.code import code_for

    kind = "performance" if page in ("overview", "slices") else page
    names = tuple(dict.fromkeys(r.name for r in results)) if kind == "performance" else ()
    try:
        found = view.answer_of("facts", words)
        comparison = (
            view.ask("compare", other=other, **_changed(words)) if kind == "compare" else None
        )
        question = found.question if kind == "why" else _with_names(found.question, names)
        text = code_for(found.dataset, kind, question, str(desk().settings.home), comparison)
    except TelltaleError as error:
        st.caption(f"{plain(error.what)} {plain(error.do)}")
        return
    st.caption("The same rows and numbers with DuckDB, pandas, scikit-learn and SciPy.")
    st.code(text, language="python", height=320)


def _changed(words: Asked) -> dict[str, Any]:
    return {"version": words.version, "reference": words.reference}


def _with_names(question: Any, names: tuple[str, ...]) -> Any:
    from dataclasses import replace

    from analytics.evaluate.code import EXPRESSIONS

    known = {name for table in EXPRESSIONS.values() for name in table}
    return replace(question, names=tuple(n for n in names if n in known))
