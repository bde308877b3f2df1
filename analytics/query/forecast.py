"""What a model said, before any label: rows by distinct score and predicted class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.core import Dataset, Scope
from analytics.needs import Floats
from analytics.query.engine import Arrays, Engine
from analytics.query.frame import frame
from analytics.query.groups import Key
from analytics.query.performance import predicted_class, split_groups
from analytics.sources.relation import quote_text


@dataclass(frozen=True, slots=True)
class SaidByScore:
    """Distinct (score, predicted class) of a binary task, and how many rows have them."""

    score: Floats
    is_positive: npt.NDArray[np.bool_]
    count: Floats


def said_by_score(engine: Engine, dataset: Dataset, scope: Scope) -> Mapping[Key, SaidByScore]:
    """All rows with a score and a predicted class, labelled or not, of every group."""
    rows = frame(dataset, scope, ("prediction", "score"))
    if rows is None:
        return {}
    predicted = predicted_class(dataset)
    is_positive = f"{predicted} = {quote_text(str(dataset.schema.positive))}"
    sql = rows.select(
        f"SELECT _period, _version, score, {is_positive} AS said, count(*) AS n FROM rows"
        f" WHERE isfinite(score) AND {predicted} IS NOT NULL GROUP BY ALL"
        " ORDER BY _period, _version, score, said"
    )

    def build(found: Arrays, at: slice) -> SaidByScore:
        return SaidByScore(
            np.asarray(found["score"][at], dtype=float),
            np.asarray(found["said"][at], dtype=bool),
            np.asarray(found["n"][at], dtype=float),
        )

    return dict(split_groups(engine.arrays(sql, rows.values), build))
