"""The same numbers in a few lines of DuckDB, pandas and scikit-learn, to copy and run elsewhere.

The text reads the very rows that the answer read (window, version, segment, settled labels and
their weights) and computes with other people's functions, so that anybody can check a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.catalog import metrics_for, tests_for
from analytics.compare.comparison import Comparison
from analytics.core import Dataset, Question
from analytics.errors import UsageError
from analytics.evaluate.drift import drift_columns
from analytics.query.code import Read, column_rows, labelled_rows, period_rows, wrapped
from analytics.query.frame import whole

_CLASSES = "g.label, g.predicted, sample_weight=g.weight"
_OF_YES = f"{_CLASSES}, pos_label=POSITIVE, zero_division=float('nan')"
_SCORED = "g.label == POSITIVE, g.score, sample_weight=g.weight"
_PAIRS = "g.label, g.predicted, sample_weight=g.weight"
_SHARES = {
    "accuracy": f"metrics.accuracy_score({_CLASSES})",
    "balanced_accuracy": f"metrics.balanced_accuracy_score({_CLASSES})",
    "mcc": f"metrics.matthews_corrcoef({_CLASSES})",
}
EXPRESSIONS: dict[str, dict[str, str]] = {
    "binary": {
        **_SHARES,
        "precision": f"metrics.precision_score({_OF_YES})",
        "recall": f"metrics.recall_score({_OF_YES})",
        "f1": f"metrics.f1_score({_OF_YES})",
        "roc_auc": f"metrics.roc_auc_score({_SCORED})",
        "average_precision": f"metrics.average_precision_score({_SCORED})",
        "brier": f"metrics.brier_score_loss({_SCORED})",
        "log_loss": f"metrics.log_loss({_SCORED})",
    },
    "multiclass": {
        **_SHARES,
        **{
            f"{name}_{average}": f"metrics.{name}_score({_CLASSES}, average={average!r},"
            " labels=CLASSES, zero_division=0)"
            for name in ("precision", "recall", "f1")
            for average in ("macro", "micro", "weighted")
        },
    },
    "regression": {
        "mae": f"metrics.mean_absolute_error({_PAIRS})",
        "mse": f"metrics.mean_squared_error({_PAIRS})",
        "rmse": f"metrics.root_mean_squared_error({_PAIRS})",
        "r2": f"metrics.r2_score({_PAIRS})",
        "median_ae": f"metrics.median_absolute_error({_PAIRS})",
        "mape": f"metrics.mean_absolute_percentage_error({_PAIRS})",
        "mean_error": "((g.predicted - g.label) * g.weight).sum() / g.weight.sum()",
    },
}
_SERVED = {
    f"latency_p{p}": (
        f'numpy.quantile(g.latency_ms[g.status.fillna("ok") == "ok"].dropna(), 0.{p:02d},'
        ' method="inverted_cdf")'
    )
    for p in (50, 90, 95, 99)
} | {"error_rate": '(g.status.fillna("ok") != "ok").mean()'}
_TESTS = {
    "ks": 'stats.ks_2samp(then, now, method="asymp").statistic',
    "wasserstein": "stats.wasserstein_distance(then, now)",
    "energy": "stats.energy_distance(then, now)",
    "cvm": "stats.cramervonmises_2samp(then, now).statistic",
    "tvd": "(then.value_counts(normalize=True).sub("
    "now.value_counts(normalize=True), fill_value=0).abs().sum() / 2)",
}
_BESIDE = (  # checks that need the reference: types of column, name, text
    (("categorical", "boolean"), "unseen_rate", "(~now.isin(set(then))).mean()"),
    (("numeric",), "out_of_range_rate", "((now < then.min()) | (now > then.max())).mean()"),
)


def code_for(
    dataset: Dataset, name: str, question: Question, home: str, comparison: Comparison | None = None
) -> str:
    """The text for an answer: ``name`` is performance, drift, quality, serving, why or compare.

    ``home`` is the folder that parts stand in; the text names it once. Raises UsageError where
    nothing that was asked can be said in a few lines.
    """
    if name == "drift":
        return _assemble(home, *_drift(dataset, question))
    if name == "quality":
        return _assemble(home, *_quality(dataset, question))
    if name == "serving":
        return _assemble(home, *_serving(dataset, question))
    if name == "why":
        from analytics.evaluate.code_why import why_body

        return _assemble(home, *why_body(dataset, question))
    if name == "compare" and comparison is not None:
        return _assemble(home, *_compare(dataset, question, comparison))
    if name != "performance":
        raise UsageError(f"There is no code for {name} yet.", "", "Take the numbers as CSV.")
    return _assemble(home, *_performance(dataset, question))


_Body = tuple[list[Read], str, tuple[str, ...]]


def _performance(dataset: Dataset, question: Question) -> _Body:
    names = _metrics(dataset, question.names)
    body = [*_constants(dataset), _grouped({n: EXPRESSIONS[dataset.schema.task][n] for n in names})]
    return (
        [labelled_rows(dataset, question.scope, "rows")],
        "\n".join(body),
        ("from sklearn import metrics",),
    )


def _metrics(dataset: Dataset, asked: Sequence[str]) -> list[str]:
    known = EXPRESSIONS.get(dataset.schema.task, {})
    names = [n for n in (asked or known) if n in known and n in metrics_for(dataset.schema.task)]
    scored = ("roc_auc", "average_precision", "brier", "log_loss")
    if not dataset.schema.has("score"):
        names = [n for n in names if n not in scored]
    if not names:
        raise UsageError(
            f"There are no few lines for {', '.join(asked) or 'this log'}.",
            "They are there for numbers that scikit-learn, SciPy or pandas have as well.",
            f"Choose of: {', '.join(known)}." if known else "Look at drift or data quality.",
        )
    return names


def _constants(dataset: Dataset) -> list[str]:
    schema = dataset.schema
    lines = [f"POSITIVE = {schema.positive!r}"] if schema.task == "binary" else []
    return [*lines, f"CLASSES = {list(schema.classes)!r}"] if schema.task == "multiclass" else lines


def _grouped(expressions: Mapping[str, str], rows: str = "rows") -> str:
    lines = [
        "answer = {}",
        f'for (period, version), g in {rows}.groupby(["period", "version"], dropna=False):',
    ]
    lines += [
        f"    answer[period, version, {name!r}] = {text}" for name, text in expressions.items()
    ]
    return "\n".join([*lines, "print(pandas.Series(answer))"])


def _serving(dataset: Dataset, question: Question) -> _Body:
    present = dataset.log("predictions", question.scope.log).columns
    wanted = {
        name: text
        for name, text in _SERVED.items()
        if (not question.names or name in question.names)
        and ("latency_ms" if "latency" in name else "status") in present
    }
    read = period_rows(dataset, question.scope, ("latency_ms", "status"))
    return [read], _grouped(wanted), ("import numpy",)


def _drift(dataset: Dataset, question: Question) -> _Body:
    if question.reference is None:
        raise UsageError("Drift needs a reference to compare with.", "", "Choose one.")
    columns = [
        c for c in drift_columns(dataset) if not question.columns or c.name in question.columns
    ]
    numeric = [c.name for c in columns if c.type == "numeric"]
    levelled = [c.name for c in columns if c.type in ("categorical", "boolean")]
    names = [n for n in (question.names or ("ks", "tvd")) if n in _TESTS]
    lines = ["answer = {}"]
    for kind, chosen in (("numeric", numeric), ("categorical", levelled)):
        fitting = [n for n in names if any(t.name == n for t in tests_for(kind))]  # type: ignore[arg-type]
        if not fitting or not chosen:
            continue
        lines += [
            f"for column in {chosen!r}:",
            "    then, now = before[column].dropna(), rows[column].dropna()",
            *(f"    answer[column, {n!r}] = {_TESTS[n]}" for n in fitting),
        ]
    if len(lines) == 1:
        raise UsageError(
            f"There are no few lines for {', '.join(question.names)}.",
            "",
            f"Choose of: {', '.join(_TESTS)}.",
        )
    lines.append("print(pandas.Series(answer))")
    reads = [
        column_rows(dataset, whole(scope), (*numeric, *levelled), name)
        for scope, name in ((question.scope, "rows"), (question.reference, "before"))
    ]
    return reads, "\n".join(lines), ("from scipy import stats",)


def _quality(dataset: Dataset, question: Question) -> _Body:
    chosen = [
        c for c in dataset.schema.features if not question.columns or c.name in question.columns
    ]
    if not chosen:
        raise UsageError("There are no features to look at.", "", "Look at Performance.")
    columns = [c.name for c in chosen]
    reads = [period_rows(dataset, question.scope, columns)]
    lines = [
        "answer = {}",
        'for (period, version), g in rows.groupby(["period", "version"], dropna=False):',
        '    answer[period, version, None, "volume"] = len(g)',
        f"    for column in {columns!r}:",
        '        answer[period, version, column, "missing_rate"] = g[column].isna().mean()',
    ]
    for types, name, text in _BESIDE if question.reference is not None else ():
        fitting = [c.name for c in chosen if c.type in types]
        lines += [
            f"    for column in {fitting!r}:",
            "        now, then = g[column].dropna(), before[column].dropna()",
            f"        answer[period, version, column, {name!r}] = {text}",
        ]
    if question.reference is not None:
        reads.append(column_rows(dataset, whole(question.reference), columns, "before"))
    return reads, "\n".join([*lines, "print(pandas.Series(answer))"]), ()


def _compare(dataset: Dataset, question: Question, found: Comparison) -> _Body:
    """Both sides with the weights that made their mix alike; pairs are joined by their id."""
    if found.scopes is None or found.method == "paired":
        raise UsageError(
            "There are no few lines for a comparison in pairs.",
            "They need the other model's log as well.",
            "Copy the code of each model's Performance page.",
        )
    names = _metrics(dataset, question.names)
    reads = [
        labelled_rows(dataset, scope, side)
        for scope, side in zip(found.scopes, ("candidate", "baseline"), strict=True)
    ]
    body = [
        *_constants(dataset),
        "answer = {}",
        'for side, g in (("candidate", candidate), ("baseline", baseline)):',
    ]
    body += [f"    answer[side, {n!r}] = {EXPRESSIONS[dataset.schema.task][n]}" for n in names]
    body.append("print(pandas.Series(answer))")
    return reads, "\n".join(body), ("from sklearn import metrics",)


def _assemble(home: str, reads: Sequence[Read], body: str, imports: Sequence[str]) -> str:
    lines = ["import datetime", "", "import duckdb", *sorted((*imports, "import pandas")), ""]
    lines += ['HOME = ".telltale"  # the folder that TELLTALE_HOME names', ""]
    for read in reads:
        sql = read.sql
        sql = sql.replace(home.rstrip("/"), "{HOME}")
        lines += [
            f'{read.name}_sql = r"""',
            wrapped(sql),
            '""".replace("{HOME}", HOME)',
            f"{read.name} = duckdb.connect().execute({read.name}_sql, {_literal(read.values)}).df()",
            "",
        ]
    return "\n".join([*lines, body, ""])


def _literal(values: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{k!r}: {v!r}" for k, v in values.items()) + "}"
