"""What all tests share: the reference data beside the project, and no silent skip of the browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")

settings.register_profile("telltale", deadline=None, derandomize=True)
settings.load_profile("telltale")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference data that nobody here made; it stands beside the checkout or the test is skipped."""
    folder = Path(os.environ.get("TELLTALE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the reference data does not stand beside this checkout")
    return folder


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without Chromium a browser test is skipped, or fails where it is required."""
    if item.get_closest_marker("browser") and not CHROMIUM.exists():
        if os.environ.get("TELLTALE_REQUIRE_BROWSER"):
            pytest.fail(f"{CHROMIUM} is missing and browser tests are required")
        pytest.skip(f"{CHROMIUM} is missing")
