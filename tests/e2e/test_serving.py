"""The page Serving in a real browser: each tab's numbers, beside the log's own rows."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("samples")]

ROOT = Path(__file__).resolve().parents[2]
LOG = ROOT / "sample_logs" / "flight-late" / "predictions.parquet"
RED = "[data-testid=stException], [data-testid=stAlertContentError]"
LONG = 60_000
STACK = "File \"/srv/features.py\", line 33, in lookup | KeyError: 'secret'"


@pytest.fixture
def failing(server, tmp_path: Path) -> str:
    """A model of 60 requests, every tenth of which failed with the same stack."""
    from app.ingest.plan import plan_import
    from app.ingest.run import run_import
    from app.ingest.words import ImportOptions, Place
    from app.state.database import Database
    from app.state.grants import Grant, add_grant
    from app.state.users import get_user

    rows = {
        "predictions": [
            "prediction_id,timestamp,prediction,status",
            *(
                f"f{i},2026-01-01 00:{i:02d},{i % 2},{'ok' if i % 10 else 'error'}"
                for i in range(60)
            ),
        ],
        "errors": [
            "prediction_id,error_type,stack_trace",
            *(f'f{i},KeyError,"{STACK.replace(chr(34), chr(34) * 2)}"' for i in range(0, 60, 10)),
        ],
    }
    database = Database(f"sqlite:///{server.home / 'telltale.db'}")
    place = Place(server.home, database, "ann")
    for kind, lines in rows.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text("\n".join(lines).replace(" | ", "\n") + "\n")
        options = ImportOptions(model="stacked", kind=kind)  # type: ignore[arg-type]
        run_import(place, plan_import(place, [path], options))
    with database.write("ann") as write:
        user = get_user(write.connection, "scientist")
        add_grant(write, user, Grant("data_scientist", "stacked"))
    database.close()
    return "stacked"


def open_tab(page, idle, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    idle(page)
    assert page.locator(RED).count() == 0


def test_each_tab_tells_its_numbers(page, sign_in, idle, failing) -> None:
    n, n_failed, n_kept = duckdb.sql(
        "SELECT count(*), count(*) FILTER (status = 'error'),"
        f" count(*) FILTER (status = 'ok' AND latency_ms <= 2) FROM '{LOG}'"
    ).fetchall()[0]
    sign_in(page, path="/serving?m=flight-late&w=all&promise=2,0.99")
    page.locator(".st-key-head").wait_for(timeout=LONG)
    idle(page)
    main = page.locator("[data-testid=stMain]")
    open_tab(page, idle, "Errors")
    expect(main).to_contain_text(f"Of {n:,} requests.", timeout=LONG)
    cells = page.locator("[data-testid=stDataFrame]").last.locator("[role=gridcell]")
    expect(cells.nth(1)).to_contain_text(f"{100 * n_failed / n:.1f} %")  # right after the kind
    open_tab(page, idle, "Promise")
    expect(main).to_contain_text("answered without an error within 2 ms", timeout=LONG)
    kept = re.compile(rf"Kept the promise\s*{100 * n_kept / n:.1f} %")
    expect(main).to_contain_text(kept, use_inner_text=True)
    expect(main).to_contain_text(f"{n - n_kept:,} of {0.01 * n:,.0f} spent")
    open_tab(page, idle, "Load")
    expect(main).to_contain_text("The busiest day that kept it had", timeout=LONG)
    expect(main).to_contain_text(
        re.compile(r"Headroom over the usual rate\s*\d"), use_inner_text=True
    )
    open_tab(page, idle, "Machine")
    expect(main).to_contain_text(
        "No resource whose limit is known was at 95 % or more", timeout=LONG
    )
    resources = page.locator("[data-testid=stDataFrame]").last.locator("[role=gridcell]")
    expect(resources.first).to_contain_text("CPU")
    page.goto(f"/serving?m={failing}&w=all")
    page.locator(".st-key-head").wait_for(timeout=LONG)
    idle(page)
    open_tab(page, idle, "Errors")
    folded = page.locator(".st-key-stack_0")
    expect(folded).to_contain_text("KeyError in lookup, features.py:33 · 6 (10", timeout=LONG)
    folded.locator("summary").click()
    expect(folded.locator("code")).to_have_text("/srv/features.py:33 in lookup")
    expect(main).not_to_contain_text("secret")
