"""Changes of level on Performance: marked, told first, hidden behind More, taken away."""

from __future__ import annotations

import csv
import io
import json

import pytest

from app.cli import main
from app.widgets import export
from app.widgets.tables import results_csv


def drawn(app) -> str:  # type: ignore[no-untyped-def]
    return "".join(str(p.proto.spec) for p in app.get("plotly_chart"))


def test_it_is_told_marked_and_can_be_hidden(on_samples, run, texts) -> None:
    app = run("performance", m="digit-reader")
    assert "The level of Accuracy fell from 0.948 to 0.347" in texts(app).replace("\\", "")
    assert "7 Apr: 0.948" in drawn(app)
    app.session_state["over_more"] = True
    app.run()
    table = next(list(d.value["change"]) for d in app.dataframe if "it came" in d.value)
    assert len(table) == 1 and table[0].startswith("−0.601 ± 0.0")
    app.toggle(key="show_levels").set_value(False).run()
    assert not app.exception and "7 Apr: 0.948" not in drawn(app)
    assert app.query_params["levels"] == ["0"] or app.query_params["levels"] == "0"


def test_a_link_that_hides_it_and_a_log_without_one(on_samples, run, texts) -> None:
    assert "7 Apr: 0.948" not in drawn(run("performance", m="digit-reader", levels="0"))
    app = run("performance", m="flight-late", w="all")
    assert "The level of" not in texts(app)


def test_the_always_valid_band_is_chosen_said_and_taken_away(on_samples, run, texts) -> None:
    app = run("performance", m="flight-late", w="all", metric="accuracy")
    assert "mean so far" not in drawn(app) and "always-valid" not in texts(app)
    app.session_state["over_more"] = True
    app.run()
    app.toggle(key="show_band").set_value(True).run()
    assert not app.exception and "mean so far" in drawn(app)
    said = texts(app)
    assert "every hour for years" in said and "Empirical Bernstein" in said
    assert "Bands: 95 % interval" not in said  # it stands in place of each period's own
    ranks = run("performance", m="flight-late", w="all", band="1")
    assert "Asymptotic" in texts(ranks) and "mean so far" in drawn(ranks)
    ranks.session_state["below"] = "All results"
    ranks.run()
    listed = ranks.dataframe[-1].value
    assert listed["metric"].str.endswith(", always-valid band").any() or len(listed) >= 200


def test_the_band_of_the_page_is_the_command_s(
    on_samples, sample_home, run, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    draw = export.draw_export
    monkeypatch.setattr(
        export, "draw_export", lambda place, view, results, *more: (
            kept.append(list(results)), draw(place, view, results, *more))
    )  # fmt: skip
    run("performance", m="flight-late", w="all", metric="accuracy", every="month", band="1")
    rows = list(csv.DictReader(io.StringIO(results_csv(kept[-1]))))
    taken = [r for r in rows if r["part"] == "always-valid band"]
    asked = ["band", "--model", "flight-late", "--home", str(sample_home), "--json", "--by-version"]
    capsys.readouterr()
    assert main([*asked, "--names", "accuracy", "--every", "month"]) == 0
    said = json.loads(capsys.readouterr().out)["results"]
    assert len(taken) == len(said) > 9
    for row, result in zip(taken, said, strict=True):
        assert (row["version"], row["interval"]) == (result["version"], result["interval"])
        numbers = [float(row[k]) for k in ("value", "low", "high", "n")]
        assert numbers == pytest.approx([result[k] for k in ("value", "low", "high", "n")])
