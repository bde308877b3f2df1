"""docs/intervals.md has every metric of the catalog, and what it finds is said where the metric is read."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from analytics.catalog import all_metrics
from analytics.core import Metric
from analytics.needs import Rankings
from bench.coverage import ONLY_MANY, PAGE, WANTED

ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*) \| [^|]+ \|$", re.MULTILINE)
LAWS = ("binary", "multiclass", "regression", "many")


def rows() -> dict[tuple[str, str], list[float]]:
    """Shares by metric and what it is of, as the page has them."""
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {
        (n, of): [float(s) / 100 for s in re.findall(r"([\d.]+)%", cells)] for n, of, cells in found
    }


def laws_of(metric: Metric) -> set[str]:
    """What a metric's rows on the page must be of."""
    if metric.name in ONLY_MANY:
        return {"many"}
    if metric.needs is Rankings:  # ranked groups are the same for every task
        return {"binary"}
    if metric.averages:
        multi = {*metric.averages, "c"}
        return multi | {t for t in metric.tasks if t == "binary"}
    return set(metric.tasks)


@pytest.mark.parametrize("metric", all_metrics(), ids=lambda m: f"{m.name}-{m.tasks[0]}")
def test_every_metric_has_its_rows(metric: Metric) -> None:
    on_page = rows()
    missing = [of for of in laws_of(metric) if (metric.name, of) not in on_page]
    assert not missing, f"run python -m bench.coverage: {metric.name} of {missing}"
    for of in laws_of(metric):
        assert len(on_page[metric.name, of]) >= 3


def test_what_leaves_93_to_97_is_said_on_screen() -> None:
    texts: dict[str, list[str]] = defaultdict(list)
    for metric in all_metrics():
        texts[metric.name].append(metric.meaning)
    left = {
        (name, of) for (name, of), shares in rows().items()
        if any(not WANTED[0] <= s <= WANTED[1] for s in shares)
    }  # fmt: skip
    assert left, "some are known to"
    for name, of in left:
        said = re.search(
            r"[^.]*interval[^.]*(is approximate|wider than it need be)[^.]*\.",
            " ".join(texts[name]),
        )
        assert said, (name, of)
        assert re.search(r"[\d,]+ (rows|groups)|any number of rows", said[0]), (
            f"{name} does not say for how many rows"
        )
