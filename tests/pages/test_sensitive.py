"""Sensitive columns on the pages: chosen on Data quality, gone for who may not see them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.auth.viewer import Viewer, operator
from app.sensitive import set_sensitive
from app.state.database import Database
from app.state.grants import Grant

MODEL = {"m": "flight-late", "w": "2013-09-01..2013-10-01"}


@pytest.fixture
def marked(sample_home: Path, tmp_path: Path) -> Path:
    """A copy of the sample logs in which `carrier` is sensitive."""
    home = tmp_path / "marked"
    shutil.copytree(sample_home, home)
    database = Database(f"sqlite:///{home / 'telltale.db'}")
    set_sensitive(database, operator("ann"), "flight-late", ["carrier"])
    database.close()
    return home


def test_columns_are_chosen_on_the_quality_page(enter, marked: Path, run) -> None:
    enter(marked)
    page = run("quality", **MODEL)
    choice = page.multiselect(key="sensitive_columns")
    assert choice.value == ["carrier"]
    choice.set_value(["carrier", "dest"])
    page.button(key="save_sensitive").click().run()
    assert not page.exception
    assert page.multiselect(key="sensitive_columns").value == ["carrier", "dest"]
    assert "Sensitive columns: 2" in [expander.label for expander in page.expander]


@pytest.mark.parametrize("name", ["overview", "performance", "drift", "quality"])
def test_nothing_of_it_is_left_for_a_viewer(enter, marked: Path, run, texts, name: str) -> None:
    enter(marked, Viewer("bob", "Bob", "viewer", (Grant("viewer", "flight-late"),)))
    page = run(name, **MODEL, column="carrier")
    assert not [box for box in page.multiselect if box.key == "sensitive_columns"]
    shown = [texts(page), *(frame.value.to_string() for frame in page.dataframe)]
    shown += [str(option) for box in page.selectbox for option in box.options]
    assert not [text for text in shown if "carrier" in text.replace("There is no column", "")]


def test_a_segment_of_it_is_refused(enter, marked: Path, run, texts) -> None:
    enter(marked, Viewer("bob", "Bob", "viewer", (Grant("viewer", "flight-late"),)))
    page = run("performance", **MODEL, seg="carrier = 'UA'")
    assert "There is no column" in texts(page) + "".join(e.value for e in page.error)
