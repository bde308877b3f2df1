"""A log in file order is windowed by rows; any log can be seen as of an earlier moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.settings import settings_in_force
from app.state.database import open_database


@pytest.fixture
def in_file_order(on_nothing, tmp_path: Path) -> None:
    """A model without times, ids and predictions, whose second half has moved."""
    settings = settings_in_force()
    path = tmp_path / "rows.csv"
    lines = (f"{i % 50 + (40 if i >= 2000 else 0)},{'ab'[i % 2]}\n" for i in range(4000))
    path.write_text("x,kind\n" + "".join(lines))
    place = Place(settings.home, open_database(settings.database_url))
    run_import(place, plan_import(place, [path], ImportOptions("rows")))


@pytest.mark.parametrize("page", ["overview", "performance", "drift", "quality", "explore"])
def test_every_page_stands_on_a_log_in_file_order(in_file_order, run, texts, page) -> None:
    app = run(page, m="rows")
    assert not app.exception
    assert "could not be drawn" not in texts(app)


def test_rows_are_picked_and_compared_with_the_rows_before(in_file_order, run, texts) -> None:
    app = run("drift", m="rows", w="2000..3999rows", ref="previous")
    assert not app.exception
    assert "x" in texts(app)
    assert "critical" in texts(app)


def test_as_of_an_earlier_moment_leaves_out_what_came_later(on_samples, run, texts) -> None:
    now = run("overview", m="flight-late")
    then = run("overview", m="flight-late", asof="2013-06-01")
    assert "89,873 predictions" in texts(now)
    assert "as of 1 Jun 2013" in texts(then)
    assert "89,873 predictions" not in texts(then)
