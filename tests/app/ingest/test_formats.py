"""Logs as other systems write them come in whole, and what cannot be taken is said."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from analytics.errors import UsageError
from app.ingest.formats import as_lines
from app.ingest.formats.kserve import read_kserve
from app.ingest.formats.sagemaker import read_sagemaker
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, ImportReport, Place

SHARED = next(
    (p / "shared" for p in Path(__file__).parents if (p / "shared" / "data").is_dir()), None
)
FILES = (SHARED or Path("absent")) / "data" / "formats"


def capture(data: str, answer: str, time: str, encoding: str = "CSV") -> str:
    sides = {
        "endpointInput": {"data": data, "encoding": encoding},
        "endpointOutput": {"data": answer, "encoding": "CSV"},
    }
    return json.dumps(
        {
            "eventMetadata": {"eventId": "e", "inferenceTime": time},
            "eventVersion": "0",
            "captureData": sides,
        }
    )


def test_a_record_of_many_rows_is_fanned_out() -> None:
    rows, rejects = read_sagemaker([capture("1,2\n3,4\n", "0.1\n0.9", "2022-02-14T17:25:49Z")])
    assert not rejects
    assert [(r["prediction_id"], r["feature_1"], r["output"]) for r in rows] == [
        ("e#0", "2", "0.1"),
        ("e#1", "4", "0.9"),
    ]


def test_base64_of_csv_is_read() -> None:
    data = base64.b64encode(b"1,2").decode()
    rows, _ = read_sagemaker([capture(data, "0.1", "2022-02-14T17:25:49Z", "BASE64")])
    assert rows[0]["feature_0"] == "1"


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "{}", "3", capture("1\n2", "0.1", "2022-02-14T17:25:49Z"), capture("1", "0.1", "{%s}"),
     capture("1", "", "2022-02-14T17:25:49Z"), capture("é", "1", "2022-02-14T17:25:49Z", "BASE64")],
)  # fmt: skip
def test_a_bad_record_never_stops_the_next(line: str) -> None:
    good = capture("1", "0.1", "2022-02-14T17:25:49Z")
    rows, rejects = read_sagemaker([line, good])
    assert len(rows) == 1
    assert rejects[0].record == line


def bring(place: Place, path: Path, tmp: Path, options: ImportOptions) -> ImportReport:
    tmp.mkdir()
    paths, read, _ = as_lines([str(path)], options, tmp)
    return run_import(place, plan_import(place, paths, read))


def test_bad_times_are_kept_aside_beside_good_ones(place: Place, tmp_path: Path) -> None:
    good = [
        capture(str(i), f"0.{i}", "2022-02-14T17:25:49Z").replace('"e"', f'"e{i}"')
        for i in range(1, 9)
    ]
    path = tmp_path / "capture.jsonl"
    path.write_text("\n".join([*good, capture("1", "0.1", "{%s}")]), encoding="utf-8")
    mapped = (("score", "output"),)
    report = bring(
        place, path, tmp_path / "a", ImportOptions("m", mapping=mapped, task="binary", positive="1")
    )
    assert (report.n_taken, report.n_aside) == (8, 1)


@pytest.mark.skipif(not FILES.is_dir(), reason="the published captures are not here")
def test_44_captures_join_44_labels(place: Place, tmp_path: Path) -> None:
    captures, labels = FILES / "sagemaker_capture.jsonl", FILES / "sagemaker_actuals.jsonl"
    plain = ImportOptions("m", mapping=(("score", "output"),), task="binary", positive="1")
    with pytest.raises(UsageError, match=r"44 records: .*\{%s\}"):
        bring(place, captures, tmp_path / "a", plain)
    mapping = (*plain.mapping, ("ignore", "inferenceTime"))
    taken = bring(
        place,
        captures,
        tmp_path / "b",
        ImportOptions("m", mapping=mapping, task="binary", positive="1"),
    )
    assert (taken.n_taken, taken.n_aside) == (44, 0)
    joined = bring(place, labels, tmp_path / "c", ImportOptions("m", kind="labels"))
    assert (joined.n_labels or joined.n_taken, joined.n_labels_unmatched) == (44, 0)


def test_a_request_without_response_is_kept_aside() -> None:
    ask = {"type": "x.request", "source": "s", "id": "1", "time": "2021-04-10T00:00:00Z"}
    ask_data = {**ask, "data": {"instances": [[1, 2]]}}
    answer = {**ask, "type": "x.response", "time": "2021-04-10T00:00:00.250Z"}
    answer_data = {**answer, "data": {"predictions": [7]}}
    alone = {**ask_data, "id": "2"}
    rows, rejects = read_kserve([json.dumps(e) for e in (alone, answer_data, ask_data)] + ["{"])
    assert [(r["prediction_id"], r["prediction"], r["latency_ms"]) for r in rows] == [("1", 7, 250)]
    assert sorted(r.reason for r in rejects)[1] == "Its response is missing."


@pytest.mark.skipif(not FILES.is_dir(), reason="the published events are not here")
def test_the_published_pair_gives_two_rows_and_its_latency() -> None:
    text = (FILES / "kserve_cloudevents_event_display.txt").read_text(encoding="utf-8")
    rows, rejects = read_kserve(text.splitlines())
    assert not rejects
    assert [(r["feature_0"], r["prediction"]) for r in rows] == [(6.8, 1), (6.0, 1)]
    assert rows[0]["latency_ms"] == pytest.approx(1.783, abs=0.002)
