"""A finding as a row: verdict, sentence, evidence, and a link that opens where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Verdict
from analytics.findings.find import span_of
from analytics.words import SHAPES, WORDS
from app.auth import current
from app.session import KEYS, format_window, selection_params
from app.widgets.empty_state import link_to
from app.widgets.problem import plain

if TYPE_CHECKING:
    from analytics.core import Finding

COLOURS: Mapping[Verdict, str] = {
    "critical": "red",
    "warning": "orange",
    "ok": "green",
    "undefined": "gray",
}


def chip(verdict: Verdict, word: str | None = None) -> str:
    """Shape, word and colour of a verdict as Markdown; never colour alone."""
    return f":{COLOURS[verdict]}-badge[{SHAPES[verdict]} {word or WORDS[verdict]}]"


def params_of(finding: Finding) -> dict[str, str]:
    """What the link of a finding carries: the page's selection with the finding's own on top."""
    return selection_params(st.query_params.to_dict()) | dict(finding.params)


def why_params(finding: Finding) -> dict[str, str] | None:
    """What the link to why it moved carries; None where no metric moved or nobody may look."""
    if finding.page != "performance" or not finding.results or not _may_explore():
        return None
    first = finding.results[0]
    span = span_of(finding.results)  # all of the time in which it was so, not only the worst of it
    found = params_of(finding) | {"metric": first.name}
    if span.start is not None and span.end is not None:
        found[KEYS["window"]] = format_window(span.start, span.end)
    return found


def _may_explore() -> bool:
    viewer = current.current_viewer()
    return viewer is not None and viewer.may("explore", st.query_params.get(KEYS["model"]))


def draw_findings(found: Sequence[Finding], most: int = 4) -> None:
    """The most important findings, one a row."""
    for i, finding in enumerate(found[:most]):
        with st.container(key=f"finding_{i}", gap="xsmall"):
            draw_finding(finding)


def draw_finding(finding: Finding) -> None:
    """One finding."""
    row = {"vertical_alignment": "center", "horizontal_alignment": "distribute"}
    with st.container(horizontal=True, gap="small", **row):  # type: ignore[arg-type]
        st.markdown(chip(finding.verdict), width="content")
        with st.container(horizontal=True, gap="small", width="content"):
            reasons = why_params(finding)
            if reasons is not None:
                link_to("why", "Why", reasons)
            if finding.page:
                link_to(finding.page, "Open", params_of(finding))
    st.markdown(f"**{plain(finding.title)}**")
    st.caption(plain(finding.sentence))
