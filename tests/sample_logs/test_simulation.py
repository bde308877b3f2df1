"""The simulated events and feedback: labelled, reproducible, tied to real predictions, as told."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from sample_logs.simulate import main

HERE = Path(__file__).resolve().parents[2] / "sample_logs" / "flight-late"
README = (HERE.parent / "README.md").read_text()


def rows(sql: str) -> list[tuple[object, ...]]:
    """Run SQL in which {file} names a Parquet file of the model."""
    text = re.sub(r"\{(\w+)\}", lambda m: f"'{HERE / m[1]}.parquet'", sql)
    return duckdb.sql(text).fetchall()


def test_the_simulation_is_the_same_each_time(tmp_path: Path) -> None:
    main(tmp_path)
    for name in ("events", "feedback"):
        both = [f"FROM '{folder / name}.parquet'" for folder in (tmp_path, HERE)]
        assert (
            duckdb.sql(
                f"({both[0]} EXCEPT {both[1]}) UNION ALL ({both[1]} EXCEPT {both[0]})"
            ).fetchall()
            == []
        )
        assert duckdb.sql(f"SELECT count(*) FROM ({both[0]})").fetchall() != [(0,)]


@pytest.mark.parametrize("name", ["events", "feedback"])
def test_every_row_says_that_it_is_simulated_and_is_about_a_real_prediction(name: str) -> None:
    assert rows(f"SELECT DISTINCT source FROM {{{name}}}") == [("simulated",)]
    assert rows(
        f"SELECT count(*) FROM {{{name}}} e ANTI JOIN {{predictions}} p USING (prediction_id)"
    ) == [(0,)]


def test_nobody_sees_a_prediction_before_it_was_made() -> None:
    assert rows(
        "SELECT count(*) FROM {events} e JOIN {predictions} p USING (prediction_id)"
        " WHERE e.timestamp < p.timestamp"
    ) == [(0,)]


def test_complaints_are_about_real_errors() -> None:
    assert rows(
        "SELECT count(*) FROM {feedback} f JOIN {predictions} p USING (prediction_id)"
        " JOIN {labels} l USING (prediction_id) WHERE (f.score = 0) <> (p.prediction <> l.label)"
        " OR f.correction <> l.label OR f.created_at < l.known_at"
    ) == [(0,)]


def test_the_readme_tells_what_is_in_them() -> None:
    n_shown, n_alone, n_people = rows(
        "SELECT count(*) FILTER (event = 'prediction_shown'),"
        " count(*) FILTER (event = 'decision_made'), count(DISTINCT distinct_id) FROM {events}"
    )[0]
    assert f"{n_people} planners" in README
    assert f"saw {n_shown:,} of the predictions; {n_alone:,} more" in README
    accepted = "avg((event = 'prediction_accepted')::INT)"
    decided = "event IN ('prediction_accepted', 'prediction_overridden')"
    both = "{events} e JOIN {predictions} p USING (prediction_id) LEFT JOIN {labels} l USING (prediction_id)"
    share = rows(f"SELECT {accepted} FROM {both} WHERE {decided}")[0][0]
    wrong = rows(f"SELECT {accepted} FROM {both} WHERE {decided} AND prediction <> label")[0][0]
    assert f"accept {100 * share:.1f} % of the predictions" in README  # type: ignore[operator]
    assert f"and {100 * wrong:.1f} % of the wrong ones" in README  # type: ignore[operator]
    by_version = dict(
        rows(
            f"SELECT p.model_version, {accepted} FROM {both}"
            f" WHERE {decided} AND prediction <> label GROUP BY 1"
        )
    )
    assert (
        f"they accept {100 * by_version['v2']:.1f} %, of v1's {100 * by_version['v1']:.1f} %"
        in README
    )  # type: ignore[operator]
    assert f"{rows('SELECT count(*) FROM {feedback}')[0][0]} items" in README
