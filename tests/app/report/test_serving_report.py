"""The report of the page Serving: promise, load, errors, cost; beside the log's own rows."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analytics.errors import TelltaleError
from analytics.serving.promise import Promise
from app.ask import Desk
from app.auth.viewer import operator
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.questions import Asked
from app.report.make import report_of
from app.settings import read_settings
from app.terms import set_price, set_promise

T0 = datetime(2026, 1, 1)
N = 4800  # ten days, a request every three minutes
STACK = (
    "File \"/srv/features.py\", line 33, in lookup\n    return codes[name]\nKeyError: 'secret-{i}'"
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(read_settings(home=str(tmp_path)))
    yield opened
    opened.close()


def bring(desk: Desk, rows: list[dict[str, object]], kind: str = "predictions") -> None:
    """Import rows into the model "shop"."""
    path = desk.settings.home / f"{kind}.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    place = Place(desk.settings.home, desk.database, "ann")
    options = ImportOptions(model="shop", kind=kind, positive="yes")  # type: ignore[arg-type]
    run_import(place, plan_import(place, [path], options))


def requests(n: int = N) -> list[dict[str, object]]:
    """Every fiftieth fails, every twentieth takes 200 ms longer than the others' 10 to 49."""
    return [
        {
            "prediction_id": f"p{i}",
            "timestamp": (T0 + timedelta(minutes=3 * i)).isoformat(),
            "prediction": "yes" if i % 3 else "no",
            "latency_ms": 10 + i % 40 + (200 if i % 20 == 0 else 0),
            "status": "error" if i % 50 == 0 else "ok",
        }
        for i in range(n)
    ]


def read(desk: Desk) -> str:
    """The report's words, without the library."""
    text = report_of(desk, "shop", Asked(), ("serving",), actor="ann")
    words = re.sub(r"<[^>]+>", " ", text.split("<script")[0])
    return re.sub(r"\s+", " ", html.unescape(words))


def test_promise_load_errors_and_cost_are_in_the_report(desk: Desk) -> None:
    bring(desk, requests())
    failed = [i for i in range(N) if i % 50 == 0]
    bring(
        desk,
        [
            {"prediction_id": f"p{i}", "error_type": "KeyError", "stack_trace": STACK.format(i=i)}
            for i in failed
        ],
        "errors",
    )
    set_promise(desk.database, operator(), "shop", Promise(100.0, 0.95))
    set_price(desk.database, operator(), "shop", 2.0, "EUR")
    said = read(desk)
    # a request breaks the promise when it fails or is slow: counted here by hand
    n_broken = sum(i % 50 == 0 or i % 20 == 0 for i in range(N))
    assert "Promised: 95 % of requests answered without an error within 100 ms." in said
    assert f"Kept the promise {100 * (1 - n_broken / N):.1f} %" in said
    assert f"{n_broken} of {0.05 * N:,.0f} spent" in said
    assert "Headroom over the usual rate" in said and "Latency against load" in said
    assert f"KeyError in lookup, features.py:33 2.0 % ± 0.4 {len(failed)} 4800" in said
    assert "/srv/features.py:33 in lookup" in said and "Errors by message" in said
    assert "secret" not in said and "Silences" in said
    cost = 1000 * 2.0 * 240 / (N - len(failed))  # 240 hours at 2 EUR over what was answered
    assert f"Cost per 1,000 predictions, EUR {cost:.0f}" in said and "240 h at 2 an hour" in said


def test_what_nobody_said_or_logged_is_told(desk: Desk) -> None:
    bring(desk, [{k: row[k] for k in ("prediction_id", "prediction")} for row in requests(60)])
    said = read(desk)
    for words in ("No latency was logged: nothing", "No resources were measured.",
                  "No request failed in this window.", "No price was given"):  # fmt: skip
        assert words in said
    assert "Errors by" not in said and "Headroom" not in said


def test_an_example_promise_says_so(desk: Desk) -> None:
    bring(desk, requests())
    said = read(desk)
    assert "Nobody has promised this for the model yet" in said and "the example." in said
    set_promise(desk.database, operator(), "shop", Promise(300.0, 0.9))
    said = read(desk)
    assert "Nobody has promised" not in said and "no busier period broke the promise" in said
    cells = said.partition("Promise and error budget number")[2].partition("Silences")[0]
    assert "● ok" in cells and "not enough data" not in cells  # apdex and load have their numbers


def test_a_broken_log_says_why(desk: Desk) -> None:
    bring(desk, requests())
    desk.dataset("shop")
    for part in desk.settings.home.rglob("*.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(TelltaleError):
        read(desk)
