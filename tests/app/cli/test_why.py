"""`telltale why` on the sample logs: April's fall, checked with pandas on the files themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.cli import main
from app.ingest.samples import import_samples
from app.state.database import Database, open_database
from app.state.migrations import migrate

LOGS = Path(__file__).resolve().parents[3] / "sample_logs"
APRIL = "2013-04-01..2013-05-01"
MEASURED = (
    "hour",
    "weekday",
    "distance",
    "temp",
    "humid",
    "wind_speed",
    "precip",
    "pressure",
    "visib",
)
NAMED = ("carrier", "origin", "dest")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    database = Database(f"sqlite:///{folder / 'telltale.db'}")
    migrate(database)
    import_samples(folder, database)
    database.close()
    yield folder
    open_database.cache_clear()


@pytest.fixture
def why(home: Path, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    def run(model: str, *arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        asked = ["why", "--model", model, "--home", str(home), "--json", *arguments]
        assert main(asked) == 0
        return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]

    return run


def sides(model: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The reference, and April's labelled flights, from the files."""
    before = pd.read_parquet(LOGS / model / "reference.parquet")
    now = pd.read_parquet(LOGS / model / "predictions.parquet")
    labels = pd.read_parquet(LOGS / model / "labels.parquet")[["prediction_id", "label"]]
    now = now[(now.timestamp >= "2013-04-01") & (now.timestamp < "2013-05-01")]
    now = now.merge(labels, on="prediction_id")
    return tuple(d[d.label.notna() & d.prediction.notna()] for d in (before, now))


def cells(column: str, before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The column by level, or at the quarters of the reference and its ends."""
    if column in (*NAMED, "label"):
        return before[column].fillna("missing"), now[column].fillna("missing")
    every = pd.read_parquet(LOGS / "flight-late" / "reference.parquet")[column].dropna()
    low, *inner, high = np.quantile(every, [0, 0.25, 0.5, 0.75, 1])
    edges = [e for e in sorted(set(inner)) if e < high] or [low]

    def cut(values: pd.Series) -> pd.Series:
        code = pd.Series(np.searchsorted(edges, values), index=values.index).astype(str)
        code = code.mask(values < low, "below").mask(values > high, "above")
        return code.mask(values.isna(), "missing")

    return cut(before[column]), cut(now[column])


def shares_and_rates(codes: pd.Series, right: pd.Series) -> tuple[pd.Series, pd.Series]:
    grouped = right.groupby(codes)
    return grouped.size() / len(right), grouped.mean()


def test_april_fell_because_more_flights_were_late(why) -> None:
    found = why("flight-late", "--names", "accuracy", "--window", APRIL)
    title = found["findings"][0]["title"]
    assert title == (
        "Accuracy fell 6.0 points: 5.6 because more rows have label 1 (27.8 %, before 21.2 %)"
    )
    assert "do not prove a cause" in found["note"]
    before, now = sides("flight-late")
    right0, right1 = (d.label == d.prediction for d in (before, now))
    change = right1.mean() - right0.mean()
    parts = {
        (r["detail"]["part"], r["column"]): r
        for r in found["results"]
        if r["detail"].get("level") != "slice"
    }
    assert parts["total", None]["value"] == pytest.approx(change, abs=1e-12)
    centre = (right0.mean() + right1.mean()) / 2
    alone = {}
    for column in (*MEASURED, *NAMED, "label"):
        code0, code1 = cells(column, before, now)
        (w0, r0), (w1, r1) = shares_and_rates(code0, right0), shares_and_rates(code1, right1)
        names = w0.index.union(w1.index)
        w0, w1 = w0.reindex(names, fill_value=0), w1.reindex(names, fill_value=0)
        r0, r1 = r0.reindex(names), r1.reindex(names)
        alone[column] = float((w1 * r0.fillna(r1)).sum() - right0.mean())
        if column == "dest":  # its rarest levels stand together
            continue
        mix = (w1 - w0) * ((r0.fillna(r1) + r1.fillna(r0)) / 2 - centre)
        within = ((r1 - r0) * (w0 + w1) / 2).fillna(0)
        new = names.isin(["below", "above"]) | ((w0 == 0) & names.isin(set(code1) - {"missing"}))
        kinds = {
            "missing": (mix + within)[names == "missing"].sum(),
            "within": within[(names != "missing") & ~new].sum(),
        }
        for kind, value in kinds.items():
            if (kind, column) in parts:
                assert parts[kind, column]["value"] == pytest.approx(value, abs=1e-9), column
            else:
                assert value == 0
        rest = [parts[k, column]["value"] for k in ("mix", "unseen") if (k, column) in parts]
        assert sum(rest) == pytest.approx(
            mix[names != "missing"].sum() + within[new].sum(), abs=1e-9
        )
    # It is a true story: the labels' new mix alone, at the reference's own rates, explains nine
    # tenths of the fall, and that of no column that the model knew explains an eighth.
    assert alone["label"] < 0.85 * change < 0
    assert all(alone[c] > 0.125 * change for c in (*MEASURED, *NAMED)), alone
    late = [(d.label == "1").mean() for d in (before, now)]
    assert [round(100 * x, 1) for x in late] == [21.2, 27.8]


def test_parts_sum_to_the_change_on_the_samples(why) -> None:
    asked = {
        "flight-late": (
            "precision,f1,brier,positive_rate",
            APRIL,
        ),
        "flight-delay": ("rmse,mean_error", APRIL),
        "digit-reader": ("log_loss", "all"),
    }
    for model, (names, window) in asked.items():
        results = why(model, "--names", names, "--window", window)["results"]
        for name in names.split(","):
            mine = [r for r in results if r["name"] == name]
            total = mine[0]
            assert total["detail"]["part"] == "total"
            size = max(1.0, abs(total["detail"]["now"]))
            late = sum(r["value"] for r in mine if r["detail"]["part"] == "maturity")
            for level in ("column", "slice"):
                sums: dict[str, float] = {}
                for r in mine:
                    if r["detail"].get("level") == level and r["detail"]["part"] != "apart":
                        sums[r["column"]] = sums.get(r["column"], late) + r["value"]
                assert len(sums) > 3
                for column, value in sums.items():
                    assert abs(value - total["value"]) < 1e-9 * size, (model, name, column)


def test_digits_name_the_contrast_that_was_never_seen(why) -> None:
    found = why("digit-reader")
    assert "because contrast has values never seen before" in found["findings"][0]["title"]
    first = next(r for r in found["results"] if r["detail"].get("rank") == 1)
    assert first["column"] == "contrast" and first["detail"]["part"] == "unseen"
    (condition,) = first["detail"]["conditions"]
    assert (condition["column"], condition["operator"]) == ("contrast", "<")


def test_the_text_ends_with_what_it_does_not_prove(home, capsys) -> None:
    asked = ["why", "--model", "flight-late", "--home", str(home), "--window", APRIL]
    assert main([*asked, "--names", "accuracy"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("flight-late: Accuracy fell 6.0 points: 5.6 because")
    assert "do not prove a cause" in out and "covariate" in out
    assert main([*asked, "--names", "roc_auc"]) == 2
    assert "Ask brier instead." in capsys.readouterr().err


def test_estimates_come_before_labels_and_say_what_they_assume(home, capsys) -> None:
    asked = [
        "estimate",
        "--model",
        "flight-late",
        "--home",
        str(home),
        "--json",
        "--every",
        "month",
    ]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["question"] == "estimate" and found["findings"] == []
    april = [r for r in found["results"] if r["window"]["start"].startswith("2013-04")]
    assert {r["detail"]["assumes"] for r in april} == {"no concept drift"}
    by_name = {r["name"]: r for r in april}
    # April's scores meant less than before: what was expected is far above what came true.
    assert by_name["accuracy"]["low"] > 0.8 and by_name["roc_auc"]["low"] > 0.69
    minutes = [*asked[:2], "flight-delay", *asked[3:], "--names"]
    assert main([*minutes, "mae"]) == 0  # losses are learned where there is no probability
    losses = json.loads(capsys.readouterr().out)["results"]
    assert {r["name"] for r in losses} == {"mae"}
    known = [r for r in losses if r["value"] is not None]
    assert len(known) >= 9 and all(r["low"] < r["value"] < r["high"] for r in known)
    assert all(r["reason"] for r in losses if r["value"] is None)
    assert main([*minutes, "accuracy"]) != 0
    assert "accuracy" in capsys.readouterr().err


def test_changes_of_level_are_dated(home, capsys) -> None:
    asked = ["changes", "--model", "digit-reader", "--home", str(home), "--json"]
    assert main(asked) == 0
    (found,) = json.loads(capsys.readouterr().out)["results"]
    assert found["name"] == "accuracy" and found["window"]["start"].startswith("2025-04-07")
    assert found["high"] < -0.3 and found["detail"]["between"][0] <= "2025-04-07T00:00:00"
    assert main([*asked, "--detector", "page_hinkley", "--names", "roc_auc_macro"]) == 2


def test_every_method_of_an_estimate_can_be_asked(home, capsys) -> None:
    asked = ["estimate", "--model", "digit-reader", "--home", str(home), "--json", "--all-methods"]
    assert main([*asked, "--names", "accuracy"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert {"cbpe", "weighted", "importance", "atc"} <= {r["detail"]["method"] for r in results}
    assert sum(r["detail"]["is_headline"] for r in results) == 1
    assert main(["estimate", "--model", "digit-reader", "--home", str(home), "--json"]) == 0
    past = json.loads(capsys.readouterr().out)["results"][0]["detail"]["past"]
    assert past["every"] == "week" and past["n_periods"] == 7 and past["worst"] > 0.4


def test_the_estimate_to_go_by_leads_everywhere_and_others_are_named(home, capsys) -> None:
    asked = [
        "estimate",
        "--model",
        "digit-reader",
        "--home",
        str(home),
        "--json",
        "--names",
        "accuracy",
    ]
    said = {}
    for words in ([], ["--method", "cbpe"], ["--all-methods"]):
        assert main([*asked, "--every", "week", *words]) == 0
        said[words[-1] if words else ""] = json.loads(capsys.readouterr().out)["results"]
    leads = [r for r in said["--all-methods"] if r["detail"]["is_headline"]]
    assert [r["value"] for r in said[""]] == [r["value"] for r in leads]
    plain = [r for r in said["--all-methods"] if r["detail"]["method"] == "cbpe"]
    assert [r["value"] for r in said["cbpe"]] == [r["value"] for r in plain]
    assert main([*asked, "--method", "dle"]) == 2
    assert "There is no estimate by 'dle'" in capsys.readouterr().err


def test_a_surrogate_that_has_too_few_rows_says_so(home, capsys) -> None:
    asked = ["why", "--model", "digit-reader", "--home", str(home), "--surrogate"]
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {r["verdict"] for r in told["results"]} == {"undefined"}
    assert (
        "Too few rows" in told["findings"][0]["sentence"]
        and "surrogate" not in told["findings"][0]["title"]
    )
    assert main(asked) == 0
    assert "Small trees learned to say what the model says" in capsys.readouterr().out
