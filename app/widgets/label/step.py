"""From a finding to a label queue: the rows of the span in which the model got worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.session import KEYS, format_window
from app.widgets.label.start import QUEUE, arrival_sentence
from app.widgets.lead import Step

if TYPE_CHECKING:
    from analytics.core import Finding
    from app.widgets.view import View

UNKNOWN = 0.05  # with fewer rows left without a label, there is nothing to ask people


def with_label_step(view: View, finding: Finding, steps: Sequence[Step]) -> list[Step]:
    """The next steps, with one to a queue of the span's rows where labels would help."""
    now = view.facts.now
    wanted = (
        finding.verdict in ("critical", "warning")
        and view.viewer.may("label", view.model)
        and now is not None
        and now.n_labelled < (1 - UNKNOWN) * now.n
        and not arrival_sentence(view)
    )
    if not wanted:
        return list(steps)
    params = {QUEUE: "diverse"}  # a model that drift broke errs about its own doubt, too
    span = worse_span(finding)
    if span:
        params[KEYS["window"]] = span
    step = Step("label", "Label these rows", params)
    return [*steps[:1], step, *steps[1:]]


def worse_span(finding: Finding) -> str:
    """The time from the first to the last period that was judged as the finding is."""
    windows = [r.window for r in finding.results if r.verdict == finding.verdict]
    starts = [w.start for w in windows if w.start is not None]
    ends = [w.end for w in windows if w.end is not None]
    return format_window(min(starts), max(ends)) if starts and ends else ""
