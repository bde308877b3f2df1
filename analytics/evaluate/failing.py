"""Failed requests by kind: how many of all, since when, from which version on, which to look at."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from analytics.core import Dataset, Question, Result
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.serving import Failure, failures
from analytics.query.stacks import Stack, stacks
from analytics.serving.frames import StackFrame, innermost_first, short_frame
from analytics.stats.intervals import wilson

MASKED = "-masked"  # what Dataset.without_sensitive ends its fingerprint with
HIDDEN = "hidden: a message may name a sensitive value"


def errors(engine: Engine, dataset: Dataset, question: Question) -> tuple[Failure, ...]:
    """Failed requests of the window by kind; who may not see sensitive columns sees no message."""
    found = failures(engine, dataset, whole(question.scope))
    if not dataset.fingerprint.endswith(MASKED):
        return found
    return tuple(replace(f, message=HIDDEN if f.message else "") for f in found)


def share_of(failure: Failure | Stack) -> tuple[float, float, float]:
    """The share of all requests that failed this way, with Wilson's interval."""
    share = failure.n / failure.n_all
    return (share, *wilson(share, failure.n_all))


def stacks_of(engine: Engine, dataset: Dataset, question: Question) -> tuple[Stack, ...]:
    """Failures of the window by the frames of their stacks; frames hold no values."""
    return tuple(s for s in stacks(engine, dataset, whole(question.scope)) if s.frames)


def frames_of(stack: Stack) -> tuple[StackFrame, ...]:
    """Where the program stood, the place that failed first."""
    return innermost_first(stack.frames)


def title_of(stack: Stack) -> str:
    """The kind of error and where it was raised."""
    return f"{stack.kind} in {short_frame(frames_of(stack)[0])}"


def error_results(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """The same as Results, the most frequent kind first."""
    return [
        _result(question, f, "error_kind", f.kind, message=f.message, counts=list(f.counts))
        for f in errors(engine, dataset, question)
    ]


def stack_results(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """Stacks as Results, the most frequent first; frames with the one that failed first."""
    return [
        _result(question, s, "error_stack", title_of(s), frames=[asdict(f) for f in frames_of(s)])
        for s in stacks_of(engine, dataset, question)
    ]


def _result(
    question: Question, failure: Failure | Stack, name: str, label: str, **more: Any
) -> Result:
    value, low, high = share_of(failure)
    scope = question.scope
    return Result(
        name=name,
        value=value,
        low=low,
        high=high,
        interval="Wilson",
        n=failure.n_all,
        verdict="undefined",
        window=scope.window,
        version=scope.version,
        segment=scope.segment.text if scope.segment else None,
        reason="a kind of error: nothing to compare with",
        detail={
            "label": label,
            "unit": "rate",
            "better": "lower",
            "n_failed": failure.n,
            "first_seen": failure.first.isoformat() if failure.first else None,
            "last_seen": failure.last.isoformat() if failure.last else None,
            "first_version": failure.first_version,
            "versions": list(failure.versions),
            "examples": list(failure.examples),
            **more,
        },
    )
