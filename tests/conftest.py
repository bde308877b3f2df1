"""What all tests share: the reference data beside the project, and no silent skip of the browser."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")

settings.register_profile("telltale", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=2_000)  # --hypothesis-profile
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the browser is required, a browser test that skips for any reason has failed."""
    report = yield
    is_required = os.environ.get("TELLTALE_REQUIRE_BROWSER") and item.get_closest_marker("browser")
    if is_required and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but browser tests are required: {report.longrepr}"
    return report
