"""The page speaks first: a verdict with its date, one sentence, the evidence, at most three steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.findings import write_since
from app.charts import is_drawn
from app.navigation import existing_pages
from app.session import selection_params
from app.widgets.empty_state import link_to, step_to
from app.widgets.finding_row import chip, why_params
from app.widgets.problem import plain, title_text

if TYPE_CHECKING:
    from analytics.core import Finding


@dataclass(frozen=True, slots=True)
class Step:
    """A next step: the page it opens, what its link says, and what the link carries."""

    page: str
    label: str
    params: Mapping[str, str]


def draw_lead(finding: Finding, steps: Sequence[Step] = ()) -> Any:
    """The box at the top of a page; returns the place of its steps, for those found later."""
    with st.container(border=True, key="lead", gap="xsmall"):
        since = write_since(finding)
        said = f" :gray[{plain(since)}]" if since else ""
        st.markdown(f"{chip(finding.verdict, _word(finding))}{said}")
        st.header(title_text(finding.title), anchor=False)
        if finding.sentence.removesuffix(".").lower() not in since.lower():  # rows once are enough
            st.markdown(plain(finding.sentence))
        place = st.container()
    with place:
        draw_steps(steps)
    return place


def _word(finding: Finding) -> str | None:
    """A number that is known but has no yardstick says so, as its card does."""
    is_known = finding.verdict == "undefined" and any(r.n and is_drawn(r) for r in finding.results)
    return "not compared" if is_known else None


def draw_steps(steps: Sequence[Step]) -> None:
    """At most three next steps, the first as a button; only pages that exist."""
    there = {page.file for page in existing_pages()}
    chosen = [step for step in steps if step.page in there][:3]
    if not chosen:
        return
    carried = selection_params(st.query_params.to_dict())
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        first = chosen[0]
        step_to(first.page, first.label, carried | dict(first.params))
        for step in chosen[1:]:
            link_to(step.page, step.label, carried | dict(step.params))


def steps_of(found: Sequence[Finding], here: str) -> list[Step]:
    """Where the findings point, each page once, the most important first; why it moved before all."""
    words = {
        "performance": "See when it moved",
        "drift": "See what drifted",
        "quality": "See the data",
        "behaviour": "See what people do",
        "slices": "See where it does worse",
        "incidents": "See the incident",
    }
    steps: dict[str, Step] = {}
    reasons = next((p for p in map(why_params, found) if p is not None), None)
    if reasons is not None:
        steps["why"] = Step("why", "See why", reasons)
    for finding in found:
        if finding.page and finding.page != here and finding.page not in steps:
            label = words.get(finding.page, f"See {finding.page}")
            steps[finding.page] = Step(finding.page, label, finding.params)
    return list(steps.values())
