"""Drift of all columns together, and of texts and vectors, on samples that are the same every time."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.catalog import sample_tests
from analytics.core import Column, Dataset, DriftTest, Question, Result
from analytics.needs import Sample, TextPair, VectorPair
from analytics.query.engine import Engine
from analytics.query.frame import whole
from analytics.query.groups import Group, Key
from analytics.query.samples import as_matrix, sampled, texts_of, vectors_of
from analytics.stats.decision import decide

MOST_ROWS = 10_000
MOST_CELLS = 300_000  # rows times columns a side: wide logs get fewer rows
MOST_TEXTS = 5_000
TYPES = ("numeric", "categorical", "boolean")
Both = tuple[None, None]


def chosen_tests(question: Question) -> list[DriftTest]:
    """The tests over all columns that were asked by name; none of them runs unasked."""
    return [t for t in sample_tests() if t.name in question.names]


def multivariate(
    engine: Engine, dataset: Dataset, question: Question, groups: Sequence[Group]
) -> list[Result]:
    """Results of the asked tests over all features, one a period and version; ``column`` is None."""
    tests = chosen_tests(question)
    columns = [c for c in dataset.schema.features if c.type in TYPES]
    columns = [c for c in columns if not question.columns or c.name in question.columns]
    if not tests or not columns or question.reference is None:
        return []
    names = [c.name for c in columns]
    most = max(500, min(MOST_ROWS, MOST_CELLS // len(columns)))
    now = sampled(engine, dataset, question.scope, names, most)
    then = sampled(engine, dataset, whole(question.reference), names, most).get((None, None))
    results: list[Result] = []
    for group in groups:
        mine = now.get(group.key)
        if mine is None or then is None:
            continue
        reference, current = as_matrix(columns, then[0], mine[0])
        kinds = tuple(c.type != "numeric" for c in columns)
        sample = Sample(tuple(names), kinds, reference, current, then[1], mine[1])
        results += _results(question, group, tests, sample)
    return results


def _results(
    question: Question, group: Group, tests: Sequence[DriftTest], sample: Sample
) -> list[Result]:
    found = [test.compute(sample) for test in tests]
    verdicts = decide([(e, t.tolerance) for e, t in zip(found, tests, strict=True)])
    return [
        Result(
            name=test.name,
            value=e.value,
            low=e.low,
            high=e.high,
            interval=e.interval,
            n=group.n,
            n_labelled=group.n_labelled,
            verdict=verdict,
            window=group.window,
            version=group.version,
            segment=question.scope.segment.text if question.scope.segment else None,
            reason=e.reason,
            is_exact=len(sample.current) == sample.n_current,
            detail={
                **e.detail,
                "p_adjusted": p,
                "label": test.label,
                "tolerance": list(test.tolerance),
                "n_columns": len(sample.names),
            },
        )
        for test, e, (verdict, p) in zip(tests, found, verdicts, strict=True)
    ]


def texts(
    engine: Engine, dataset: Dataset, question: Question, columns: Sequence[Column]
) -> dict[str, dict[Key, TextPair | VectorPair]]:
    """Both sides of every text and embedding column, by group."""
    names = [c.name for c in columns]
    answers: dict[str, dict[Key, TextPair | VectorPair]] = {name: {} for name in names}
    if not names or question.reference is None:
        return answers
    now = sampled(engine, dataset, question.scope, names, MOST_TEXTS)
    then = sampled(engine, dataset, whole(question.reference), names, MOST_TEXTS).get((None, None))
    for column in columns:
        before = then[0][column.name] if then else []
        for key, (values, _n) in now.items():
            if column.type == "embedding":
                old, gone = vectors_of(before)
                new, lost = vectors_of(values[column.name])
                answers[column.name][key] = VectorPair(old, new, gone, lost)
            else:
                known, n_gone = texts_of(before)
                said, n_lost = texts_of(values[column.name])
                answers[column.name][key] = TextPair(known, said, n_gone, n_lost)
    return answers
