"""/metrics: what was taken and refused, who may ask, headline numbers, and the dashboard's names."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.headlines import Headlines
from app.settings import Settings, settings_in_force

ROOT = Path(__file__).resolve().parents[3]
LINE = re.compile(r'^([a-z_]+)(\{(?:[a-z]+="[^"]*",?)*\})? (\S+)$')


def read(text: str) -> dict[str, float]:
    """Every line must be one of the format; names with their labels, and numbers."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            match = LINE.match(line)
            assert match is not None, line
            found[match[1] + (match[2] or "")] = float(match[3])
    return found


def ask(app: Any, address: str, **headers: str) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/metrics", headers=headers)

    return asyncio.run(go())


def test_items_and_answers_are_counted(client: Any, make_key: Any) -> None:
    key = make_key("predictions")
    before = read(ask(client.app, "127.0.0.1").text)
    items = [{"prediction_id": "a", "prediction": 1}, {"prediction_id": "b", "score": "high"}]
    assert client.post("/api/v1/predictions/batch", json=items, headers=key).status_code == 200
    found = read(ask(client.app, "127.0.0.1").text)
    for outcome in ("accepted", "rejected"):
        name = (
            f'telltale_ingest_items_total{{model="flights",kind="predictions",outcome="{outcome}"}}'
        )
        assert found[name] - before.get(name, 0) == 1
    assert found["telltale_wal_bytes"] > 0 and found["telltale_wal_syncs_total"] >= 1
    assert found['telltale_api_responses_total{status="200"}'] >= 1
    client.app.state.wal[0].close()


def test_only_this_machine_or_the_token(client: Any) -> None:
    assert ask(client.app, "10.0.0.7").status_code == 403
    old: Settings = client.app.state.settings
    client.app.state.settings = type(old)({**old.values, "metrics_token": "s3cret"})
    assert ask(client.app, "10.0.0.7").status_code == 403
    assert ask(client.app, "10.0.0.7", Authorization="Bearer wrong").status_code == 403
    assert ask(client.app, "10.0.0.7", Authorization="Bearer s3cret").status_code == 200
    assert client.get("/api/v1/metrics").status_code == 404  # what the screen forwards to


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The gauges of a small log with labels."""
    from app.ingest.plan import plan_import
    from app.ingest.run import run_import
    from app.ingest.words import ImportOptions, Place
    from app.settings import read_settings
    from app.state.database import Database
    from app.state.migrations import migrate

    home = tmp_path_factory.mktemp("gauges")
    settings = read_settings(home=str(home))
    database = Database(settings.database_url)
    migrate(database)
    file = home / "log.csv"
    rows = (
        f"p{i},2026-03-01T10:{i % 60:02d}:00,{i % 2},{i % 4 // 2},{5 + i % 7}\n" for i in range(400)
    )
    file.write_text("prediction_id,timestamp,prediction,label,latency_ms\n" + "".join(rows))
    place = Place(home, database, "test", threads=1)
    run_import(place, plan_import(place, [file], ImportOptions("m", positive="1")))
    headlines = Headlines()
    headlines.work(settings)
    headlines._due = float("inf")
    return headlines.lines(settings)


def test_headline_numbers_are_gauges(lines: list[str]) -> None:
    found = read("\n".join(lines))
    accuracy = 'telltale_model_metric{model="m",metric="accuracy"}'
    if accuracy not in found:
        accuracy = 'telltale_model_metric{model="m",metric="f1"}'
    assert found[accuracy] == pytest.approx(0.5)  # half of every class is right
    bounds = [n for n in found if n.startswith("telltale_model_metric_bound") and "p95" in n]
    assert len(bounds) == 2
    assert found['telltale_model_metric_rows{model="m",metric="latency_p95"}'] == 400


def test_every_name_of_the_dashboard_is_served(client: Any, lines: list[str]) -> None:
    text = (ROOT / "docs" / "grafana.json").read_text()
    asked = set(re.findall(r"(?:telltale|process)_[a-z_]+", " ".join(_expressions(text))))
    told = set(re.findall(r"# TYPE (\S+)", ask(client.app, "127.0.0.1").text + "\n".join(lines)))
    screen = {"telltale_problems_total", "telltale_sessions"}  # tests/app/test_server.py
    assert len(asked) > 10 and asked <= told | screen
    assert settings_in_force().text("metrics_token") == ""


def _expressions(text: str) -> list[str]:
    return [target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]]
