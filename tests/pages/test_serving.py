"""The page Serving on a log of a server that fails: stacks, and what each part says without data."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analytics.serving.promise import Promise
from app.auth.viewer import Viewer
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place
from app.questions import Asked
from app.settings import settings_in_force
from app.state.database import open_database
from app.state.grants import Grant
from app.terms import Terms, terms_of
from app.widgets.export import make_report

T0 = datetime(2026, 1, 1)
STACK = """Traceback (most recent call last):
  File "/srv/api.py", line 41, in handle
    return predict(row)
  File "/srv/features.py", line 33, in lookup
    return codes[name]
KeyError: 'secret-{i}'"""


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def shop(enter, tmp_path: Path) -> Place:
    """Ten days of 20 requests an hour; every fiftieth fails with a stack in the log of errors."""
    enter(tmp_path)
    place = Place(settings_in_force().home, open_database(settings_in_force().database_url), "ann")
    predictions: list[dict[str, object]] = [
        {
            "prediction_id": f"p{i}",
            "timestamp": (T0 + timedelta(minutes=3 * i)).isoformat(),
            "model_version": "v1" if i < 2400 else "v2",
            "prediction": "yes" if i % 3 else "no",
            "latency_ms": 10 + i % 40 + (200 if i % 20 == 0 else 0),
            "status": "error" if i % 50 == 0 else "ok",
            "region": ("north", "south")[i % 2],
        }
        for i in range(4800)
    ]
    errors: list[dict[str, object]] = [
        {"prediction_id": f"p{i}", "error_type": "KeyError", "stack_trace": STACK.format(i=i)}
        for i in range(0, 4800, 50)
    ]
    given = (("predictions", predictions), ("errors", errors))
    for kind, rows in given:
        path = write(tmp_path / f"{kind}.csv", rows)
        options = ImportOptions(model="shop", kind=kind, positive="yes")  # type: ignore[arg-type]
        run_import(place, plan_import(place, [path], options))
    return place


def open_tab(run, name: str, model: str = "shop"):
    app = run("serving", m=model, w="all")
    app.session_state["below"] = name
    return app.run()


def test_stacks_are_folded_and_hold_no_value(shop, run, texts) -> None:
    app = open_tab(run, "Errors")
    (folded,) = [e for e in app.expander if "KeyError in lookup" in e.label]
    assert folded.label.replace("\\", "").startswith(
        "KeyError in lookup, features.py:33 · 96 (2.0 %"
    )
    (code,) = folded.code
    assert code.value == "/srv/features.py:33 in lookup\n/srv/api.py:41 in handle"
    assert "secret" not in texts(app) + str([t.value for t in app.dataframe])


def test_a_promise_is_an_example_until_somebody_makes_it(shop, run, texts) -> None:
    said = texts(open_tab(run, "Promise"))
    assert "Kept the promise" in said and "Apdex" in said and "it is an example" in said
    app = open_tab(run, "Promise")
    app.number_input(key="promise_ms_shop").set_value(100.0).run()
    app.number_input(key="promise_share_shop").set_value(95.0).run()
    said = texts(app)
    assert "100,0.95" in app.query_params["promise"] and "it is an example" not in said
    assert "of 240 spent" in said  # 5 % of 4,800 requests
    app.button(key="save_promise").click().run()
    assert not app.exception
    assert terms_of(shop.database, "shop").promise == Promise(100.0, 0.95)
    assert "it is an example" not in texts(open_tab(run, "Promise"))


def test_who_may_not_configure_sees_no_button(shop, enter, run, tmp_path) -> None:
    enter(tmp_path, Viewer("bob", "Bob", "viewer", (Grant("viewer", "shop"),)))
    app = open_tab(run, "Promise")
    assert not [b for b in app.button if b.key == "save_promise"]
    assert app.number_input(key="promise_ms_shop").value


def test_the_load_says_its_limit(shop, run, texts) -> None:
    said = texts(open_tab(run, "Load")).replace("\\", "")
    assert "Highest rate that kept it" in said and "Headroom" in said
    assert "an example that is set under Promise" in said


def test_latency_is_told_by_version_and_by_column(shop, run) -> None:
    app = open_tab(run, "Latency")
    table = next(t.value for t in app.dataframe if "p99" in t.value)
    assert list(table["group"]) == ["v1", "v2"] and list(table["requests"]) == [2352, 2352]
    app.selectbox(key="latency_by").set_value("region").run()
    table = next(t.value for t in app.dataframe if "p99" in t.value)
    assert list(table["group"]) == ["south", "north"] and "by" in app.query_params


@pytest.mark.parametrize("tab", ["Latency", "Promise", "Load", "Errors"])
def test_each_part_says_what_is_missing(enter, run, texts, tmp_path, tab) -> None:
    enter(tmp_path)
    place = Place(settings_in_force().home, open_database(settings_in_force().database_url), "ann")
    rows: list[dict[str, object]] = [
        {"prediction_id": f"p{i}", "timestamp": T0.isoformat(), "prediction": i % 2}
        for i in range(50)
    ]
    path = write(tmp_path / "plain.csv", rows)
    run_import(place, plan_import(place, [path], ImportOptions(model="plain")))
    said = texts(open_tab(run, tab, "plain"))
    expected = {"Errors": "No request failed in this window."}
    assert expected.get(tab, "No latency was logged.") in said


def test_silences_stand_beside_the_usual(shop, run, texts) -> None:
    app = open_tab(run, "Load")
    table = next(t.value for t in app.dataframe if "silent for" in t.value)
    assert next(iter(table["silent for"])) == "3.0 min" and len(table) == 5
    assert "On half of 10 days" in texts(app)


def test_the_machine_says_what_was_full_and_that_no_gpu_was_measured(shop, run, texts) -> None:
    assert "No resources were measured." in texts(open_tab(run, "Machine"))
    samples: list[dict[str, object]] = [
        {"timestamp": (T0 + timedelta(minutes=i)).isoformat(), "cpu_percent": 40 + i % 60}
        for i in range(600)
    ]
    path = write(settings_in_force().home / "samples.csv", samples)
    run_import(shop, plan_import(shop, [path], ImportOptions(model="shop", kind="resources")))
    app = open_tab(run, "Machine")
    said = texts(app).replace("\\", "")
    assert "CPU was full first: 95 % or more from 1 Jan 2026 00:55 UTC on, in 8.3 %" in said
    assert "No GPU was measured." in said and "No price was given." in said
    table = next(t.value for t in app.dataframe if "unit" in t.value)
    assert list(table["resource"]) == ["CPU"] and list(table["unit"]) == ["%"]


def test_a_price_gives_a_cost_and_is_kept(shop, run, texts) -> None:
    app = open_tab(run, "Machine")
    app.number_input(key="price_shop").set_value(2.0).run()
    app.text_input(key="currency_shop").set_value("EUR").run()
    said = texts(app)
    assert "Cost per 1,000 predictions, EUR" in said and "240 h" in said
    assert "**102" in said  # 2 EUR for 240 hours over 4,704 answers
    app.button(key="save_price").click().run()
    assert not app.exception
    assert terms_of(shop.database, "shop") == Terms(price_per_hour=2.0, currency="EUR")


def test_a_report_has_no_errors_for_who_may_not_explore(shop, enter, tmp_path) -> None:
    for role, is_told in (("product_owner", False), ("data_scientist", True)):
        enter(tmp_path, Viewer("bob", "Bob", role, (Grant(role, "shop"),)))
        said = make_report("shop", Asked(), ("serving",), None, None).decode()
        assert ("KeyError in lookup" in said) == is_told
        assert ("they need the right to explore" in said) != is_told
        assert "Error budget left" in said


@pytest.mark.parametrize(
    ("tab", "columns"),
    [("Latency", ["group", "p95"]), ("Load", ["silent for", "from"]), ("Errors", ["error", "share"]),
     ("Versions", ["metric", "value"]), ("All results", ["metric", "value"])],
)  # fmt: skip
def test_a_phone_sees_what_it_is_about_and_how_much(shop, run, tab, columns) -> None:
    (table,) = open_tab(run, tab).dataframe
    assert list(table.value.columns[:2]) == columns


def test_versions_of_one_number_stand_under_each_other(shop, run) -> None:
    (table,) = open_tab(run, "Versions").dataframe
    metrics, versions = list(table.value["metric"]), list(table.value["version"])
    assert metrics[0] == metrics[1] and versions[:2] == ["v1", "v2"]
    assert all(metrics[i] == metrics[i + 1] for i in range(0, len(metrics), 2))
