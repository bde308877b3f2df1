"""Failed requests by kind: how many of all, since when, from which version on, which to look at."""

from __future__ import annotations

from dataclasses import replace

from analytics.core import Dataset, Question, Result
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.serving import Failure, failures
from analytics.stats.intervals import wilson

MASKED = "-masked"  # what Dataset.without_sensitive ends its fingerprint with
HIDDEN = "hidden: a message may name a sensitive value"


def errors(engine: Engine, dataset: Dataset, question: Question) -> tuple[Failure, ...]:
    """Failed requests of the window by kind; who may not see sensitive columns sees no message."""
    found = failures(engine, dataset, whole(question.scope))
    if not dataset.fingerprint.endswith(MASKED):
        return found
    return tuple(replace(f, message=HIDDEN if f.message else "") for f in found)


def share_of(failure: Failure) -> tuple[float, float, float]:
    """The share of all requests that failed this way, with Wilson's interval."""
    share = failure.n / failure.n_all
    return (share, *wilson(share, failure.n_all))


def error_results(engine: Engine, dataset: Dataset, question: Question) -> list[Result]:
    """The same as Results, the most frequent kind first."""
    return [_result(question, f) for f in errors(engine, dataset, question)]


def _result(question: Question, failure: Failure) -> Result:
    value, low, high = share_of(failure)
    scope = question.scope
    return Result(
        name="error_kind",
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
            "label": failure.kind,
            "unit": "rate",
            "better": "lower",
            "message": failure.message,
            "n_failed": failure.n,
            "first_seen": failure.first.isoformat() if failure.first else None,
            "last_seen": failure.last.isoformat() if failure.last else None,
            "first_version": failure.first_version,
            "versions": list(failure.versions),
            "examples": list(failure.examples),
            "counts": list(failure.counts),
        },
    )
