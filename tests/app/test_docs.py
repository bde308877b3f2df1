"""The generated pages say what the code declares now."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.catalog import all_drift_tests, all_metrics, all_quality_checks
from app.docs import pages
from app.settings import TABLE

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", ["metrics.md", "settings.md"])
def test_generated_pages_do_not_lag(name: str) -> None:
    assert (DOCS / name).read_text() == pages()[name], "run `make docs` and commit what it writes"


def test_every_declaration_and_setting_is_described() -> None:
    text = pages()["metrics.md"]
    for declared in (*all_metrics(), *all_drift_tests(), *all_quality_checks()):
        assert f"`{declared.name}`" in text
        assert len(declared.meaning) > 30 and declared.source
    settings = pages()["settings.md"]
    assert all(f"TELLTALE_{s.name.upper()}" in settings for s in TABLE)
