"""Logs as other systems write them come in whole, and what cannot be taken is said."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.errors import FileUnreadable, RoleAmbiguous, UsageError
from app.ingest.aside import read_aside
from app.ingest.formats import FOREIGN, recognise
from app.ingest.formats.words import Reading, Reject, Row
from app.ingest.plan import plan_import
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, ImportPlan, ImportReport, Place
from app.state.logs import list_parts

SHARED = next(
    (p / "shared" for p in Path(__file__).parents if (p / "shared" / "data").is_dir()), None
)
FILES = (SHARED or Path("absent")) / "data" / "formats"
published = pytest.mark.skipif(not FILES.is_dir(), reason="the published logs are not here")
NAMES = (
    "id type source data inputs outputs shape name datatype value eventMetadata eventId captureData"
    " request_id columns meta_data time resourceLogs scopeLogs logRecords predictions instances"
    " request response parameters headers attributes timeUnixNano key reqType features"
).split()
TIME = "2022-02-14T17:25:49Z"


def read(form: str, records: list[Any], **how: Any) -> tuple[list[Row], list[Reject]]:
    texts = [r if isinstance(r, str) else json.dumps(r) for r in records]
    found = list(FOREIGN[form].read(texts, Reading(**how)))
    return [f for f in found if isinstance(f, dict)], [f for f in found if isinstance(f, Reject)]


def capture(data: str, answer: str, time: str, encoding: str = "CSV", own: str = "e") -> str:
    sides = {
        "endpointInput": {"data": data, "encoding": encoding},
        "endpointOutput": {"data": answer, "encoding": "CSV"},
    }
    meta = {"eventId": own, "inferenceTime": time}
    return json.dumps({"eventMetadata": meta, "eventVersion": "0", "captureData": sides})


def look(place: Place, path: Path, **options: Any) -> ImportPlan:
    return plan_import(place, [path], ImportOptions("m", **options))


def bring(place: Place, path: Path, **options: Any) -> ImportReport:
    return run_import(place, look(place, path, **options))


def stored(place: Place, columns: str = "*") -> list[tuple[Any, ...]]:
    with place.database.read() as connection:
        files = [str(place.home / p.path) for p in list_parts(connection) if p.kind != "labels"]
    return duckdb.sql(
        f"SELECT {columns} FROM read_parquet({files}, union_by_name = true) ORDER BY row"
    ).fetchall()


# SageMaker


def test_a_record_of_many_rows_is_fanned_out() -> None:
    rows, rejects = read("sagemaker", [capture("1,2\n3,4\n", "0.1\n0.9", TIME)])
    assert not rejects
    assert [(r["prediction_id"], r["feature_1"], r["output"]) for r in rows] == [
        ("e#0", "2", "0.1"),
        ("e#1", "4", "0.9"),
    ]


@pytest.mark.parametrize("text", ["1,2", '{"instances": [[1, 2]]}', '[{"feature_0": 1}]'])
def test_base64_of_csv_and_json_is_read(text: str) -> None:
    data = base64.b64encode(text.encode()).decode()
    rows, _ = read("sagemaker", [capture(data, "0.1", TIME, "BASE64")])
    assert str(rows[0]["feature_0"]) == "1"


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "{}", "3", capture("1\n2", "0.1", TIME), capture("1", "0.1", "{%s}"),
     capture("1", "", TIME), capture("é", "1", TIME, "BASE64")],
)  # fmt: skip
def test_a_bad_capture_never_stops_the_next(line: str) -> None:
    rows, rejects = read("sagemaker", [line, capture("1", "0.1", TIME)])
    assert len(rows) == 1
    assert rejects[0].record == line


def test_what_is_kept_aside_says_why_and_stands_as_it_was(place: Place, tmp_path: Path) -> None:
    good = [capture(str(i), f"0.{i}", TIME, own=f"e{i}") for i in range(1, 9)]
    bad = capture("1", "0.1", "{%s}", own="bad")
    path = tmp_path / "capture.jsonl"
    path.write_text("\n".join([*good[:4], bad, *good[4:]]), encoding="utf-8")
    plan = look(place, path, mapping=(("score", "output"),), task="binary", positive="1")
    assert any("1 of 9 records" in problem and "{%s}" in problem for problem in plan.problems)
    report = run_import(place, plan)
    assert (report.n_read, report.n_taken, report.n_aside) == (9, 8, 1)
    (row,) = read_aside(place, report.import_id)
    assert (row.file, row.row, row.raw) == ("capture.jsonl", 5, bad)
    assert "{%s}" in row.reason


def test_what_an_output_is_is_asked(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    path.write_text("\n".join(capture(str(i), f"0.{i}", TIME, own=f"e{i}") for i in range(1, 9)))
    plan = look(place, path)
    assert plan.format == "sagemaker"
    assert plan.questions[0].answers == ("--map score=output", "--map prediction=output")
    with pytest.raises(RoleAmbiguous):
        run_import(place, plan)
    assert bring(place, path, mapping=(("prediction", "output"),)).n_taken == 8
    assert not look(place, path).questions  # known from the import before


@published
def test_44_captures_join_44_labels(place: Place) -> None:
    captures, labels = FILES / "sagemaker_capture.jsonl", FILES / "sagemaker_actuals.jsonl"
    options: dict[str, Any] = {"task": "binary", "positive": "1"}
    score = ("score", "output")
    timeless = look(place, captures, mapping=(score,), **options)
    assert timeless.questions[0].answers == ("--map ignore=inferenceTime",)
    assert "'{%s}' is no time" in timeless.questions[0].what
    with pytest.raises(RoleAmbiguous):
        run_import(place, timeless)
    taken = bring(place, captures, mapping=(score, ("ignore", "inferenceTime")), **options)
    assert (taken.n_taken, taken.n_aside) == (44, 0)
    joined = bring(place, labels)
    assert (joined.kind, joined.n_labels, joined.n_labels_unmatched) == ("labels", 44, 0)


@published
@pytest.mark.parametrize("name", ["sagemaker_constraints.json", "sagemaker_statistics.json"])
def test_a_summary_is_no_log(place: Place, name: str) -> None:
    with pytest.raises(UsageError, match="summary of SageMaker"):
        look(place, FILES / name)


# KServe


def event(side: str, own: str, data: Any, time: str = "2021-04-10T00:00:00Z") -> dict[str, Any]:
    kind = f"org.kubeflow.serving.inference.{side}"
    return {
        "specversion": "1.0",
        "type": kind,
        "source": "s",
        "id": own,
        "time": time,
        "data": data,
    }


def test_pairs_are_found_however_they_stand_and_orphans_are_kept_aside() -> None:
    ask = event("request", "1", {"instances": [[1, 2]]})
    answer = event("response", "1", {"predictions": [7]}, "2021-04-10T00:00:00.250Z")
    alone = event("request", "2", {"instances": [[1, 2]]})
    rows, rejects = read("kserve", [alone, answer, ask, answer, ask, "{"])
    assert [(r["prediction_id"], r["prediction"], r["latency_ms"]) for r in rows] == [("1", 7, 250)]
    assert [r.reason for r in rejects][1:] == ["Its response is missing."]


def test_requests_and_responses_in_files_of_their_own(place: Place, tmp_path: Path) -> None:
    asked = [event("request", str(i), {"instances": [[i]]}) for i in range(30)]
    answered = [event("response", str(i), {"predictions": [i % 2]}) for i in range(30)]
    for name, events in (("a.jsonl", asked), ("b.jsonl", answered[::-1])):
        (tmp_path / name).write_text("\n".join(map(json.dumps, events)))
    report = run_import(place, plan_import(place, [tmp_path / "*.jsonl"], ImportOptions("m")))
    assert (report.n_taken, report.n_aside) == (30, 0)
    assert sorted(stored(place, "feature_0 % 2 = CAST(prediction AS INT)")) == [(True,)] * 30


def test_batches_of_the_logger_hold_the_body_in_base64() -> None:
    def stored_event(side: str, body: Any, time: str) -> dict[str, Any]:
        data = base64.b64encode(json.dumps(body).encode()).decode()
        kind = f"org.kubeflow.serving.inference.{side}"
        return {"reqType": kind, "id": "1", "sourceUri": "s", "bytes": data, "occurrenceTime": time}

    ask = stored_event("request", {"instances": [[1]]}, "2021-04-10T00:00:00Z")
    answer = stored_event("response", {"predictions": ["yes"]}, "2021-04-10T00:00:01Z")
    rows, _ = read("kserve", [ask, answer])
    assert (rows[0]["prediction"], rows[0]["latency_ms"]) == ("yes", 1000)
    assert recognise(json.dumps(ask).encode()) == "kserve"


@published
def test_the_published_pair_gives_two_rows_and_its_latency(place: Place) -> None:
    path = FILES / "kserve_cloudevents_event_display.txt"
    assert bring(place, path).n_taken == 2
    rows = stored(place, "feature_0, prediction, latency_ms, CAST(timestamp AS VARCHAR)")
    assert [row[:2] for row in rows] == [(6.8, "1"), (6.0, "1")]
    assert rows[0][2] == pytest.approx(1.783, abs=0.002)  # 26.080736 less 26.078953 s
    assert rows[0][3] == "2021-04-10 00:23:26.078952"


# Open Inference Protocol, MLServer, Seldon


def tensor(name: str, shape: list[Any], data: Any, kind: str = "FP32") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": kind, "data": data}


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
def test_a_tensor_is_flat_or_nested(data: Any) -> None:
    ask = {
        "id": "9",
        "inputs": [tensor("x", [2, 2], data), tensor("who", [2], ["a", "b"], "BYTES")],
    }
    answer = {
        "id": "9",
        "model_version": "3",
        "outputs": [tensor("label", [2], [0, 1], "INT64"), tensor("proba", [2, 2], [0.9, 0.1, 0.3, 0.7])],
    }  # fmt: skip
    rows, rejects = read("oip", [ask, answer])
    assert not rejects
    assert rows[1] == {
        "prediction_id": "9#1", "x_0": 3, "x_1": 4, "who": "b", "prediction": 1,
        "score_0": 0.3, "score_1": 0.7, "model_version": "3",
    }  # fmt: skip


def test_a_shape_that_asks_for_more_is_said() -> None:
    """The protocol's own example has it: a tensor of shape [3] with one value."""
    _rows, rejects = read("oip", [{"inputs": [tensor("input1", [3], [True], "BOOL")]}])
    assert rejects[0].reason == "The tensor 'input1' holds 1 values, and its shape [3] asks for 3."


def test_an_answer_that_is_an_error_is_a_row_of_its_own_status() -> None:
    both = {
        "id": "5",
        "request": {"inputs": [tensor("x", [2], [1, 2])]},
        "response": {"error": "no"},
    }
    rows, _ = read("oip", [both])
    assert [(r["prediction_id"], r["x"], r["status"], r["error_message"]) for r in rows] == [
        ("5#0", 1, "error", "no"),
        ("5#1", 2, "error", "no"),
    ]


def test_a_feature_called_like_the_answer_is_an_input() -> None:
    both = {"request": [{"prediction": 3, "x": 1}], "response": {"predictions": [4]}}
    assert read("oip", [both])[0] == [{"input_prediction": 3, "x": 1, "prediction": 4}]


def test_mlserver_names_the_request_in_its_headers() -> None:
    ask = {"id": "a", "inputs": [tensor("x", [1], [1])]}
    headers = {
        "Ce-Specversion": "0.3",
        "Ce-Requestid": "a",
        "Ce-Type": "io.seldon.serving.inference.response",
    }
    answer = {
        "model_name": "m",
        "parameters": {"headers": headers},
        "outputs": [tensor("y", [1, 1], [2])],
    }
    assert recognise(json.dumps(answer).encode()) == "mlserver"
    rows, _ = read("mlserver", [ask, answer])
    assert (rows[0]["prediction_id"], rows[0]["x"], rows[0]["prediction"]) == ("a", 1, 2)


def test_seldon_writes_shapes_as_text_and_data_by_type() -> None:
    contents = {"fp32Contents": [0.1, 0.9]}
    outputs = [{"name": "fc", "datatype": "FP32", "shape": ["1", "2"], "contents": contents}]
    answer = {"key": "r", "value": {"modelName": "c", "modelVersion": "1", "outputs": outputs}}
    assert recognise(json.dumps(answer).encode()) == "seldon"
    rows, _ = read("seldon", [answer])
    assert rows == [
        {"prediction_id": "r", "output_fc_0": 0.1, "output_fc_1": 0.9, "model_version": "1"}
    ]
    old = {"request": {"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}, "meta": {"puid": "p"}},
           "response": {"data": {"tensor": {"shape": [1, 1], "values": [0.5]}}}}  # fmt: skip
    assert recognise(json.dumps(old).encode()) == "seldon"
    assert read("seldon", [old])[0] == [{"a": 1, "b": 2, "prediction": 0.5}]


@published
@pytest.mark.parametrize(
    ("name", "n", "n_columns"),
    [("kserve_autogluon_titanic_input_v2_binary.json", 2, 11), ("kserve_iris_input_v2.json", 2, 4),
     ("kserve_iris_input_v3.json", 1, 4), ("kserve_mlflow_input_v2.json", 1, 11),
     ("kserve_torchserve_input_v2.json", 1, 2)],
)  # fmt: skip
def test_published_bodies(place: Place, name: str, n: int, n_columns: int) -> None:
    plan = look(place, FILES / name)
    assert (plan.format, len(plan.columns)) == ("oip", n_columns)
    assert run_import(place, plan).n_taken == n


@published
def test_an_object_over_several_lines_is_a_row(place: Place) -> None:
    assert bring(place, FILES / "kserve_qwen_input_chat.json").n_taken == 1
    assert stored(place, "model, max_tokens") == [("qwen-chat", 20)]


# BentoML


def test_records_of_one_request_and_the_schema() -> None:
    schema = {"meta_data": {"bento_version": "v7"}, "columns": [
        {"name": "kind", "role": "prediction", "type": "categorical"},
        {"name": "w", "role": "feature", "type": "numerical"}]}  # fmt: skip
    records = [
        {"kind": k, "w": 1, "timestamp": "2024-03-05T03:33:59", "request_id": 7} for k in "ab"
    ]
    rows, rejects = read("bentoml", [schema, *records, {"w": 1}])
    assert [(r["prediction_id"], r["prediction"], r["model_version"]) for r in rows] == [
        ("7", "a", "v7"),
        ("7#1", "b", "v7"),
    ]
    assert len(rejects) == 1


@published
def test_an_id_above_2_63_survives(place: Place) -> None:
    plan = look(place, FILES / "bentoml_monitoring.jsonl")
    assert (plan.format, plan.is_zone_assumed) == ("bentoml", True)
    assert run_import(place, plan).n_taken == 2
    assert stored(place, "prediction_id, prediction") == [
        ("8781503815303167270", "0"),
        ("14419506828678509143", "0"),
    ]


# OTLP


def otlp_request() -> Any:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    logs.resource.attributes.append(
        KeyValue(key="service.version", value=AnyValue(string_value="v2"))
    )
    record = logs.scope_logs.add().log_records.add(time_unix_nano=1544712660300000000)
    for name, value in (
        ("prediction_id", AnyValue(int_value=9007199254740993)),
        ("prediction", AnyValue(string_value="cat")),
        ("x", AnyValue(double_value=0.5)),
    ):
        record.attributes.append(KeyValue(key=name, value=value))
    return request


@pytest.mark.parametrize(
    "pack",
    [
        lambda request: request.SerializeToString(),
        lambda request: b"".join(
            [struct.pack(">I", request.ByteSize()), request.SerializeToString()]
        ),
        lambda request: gzip.compress(request.SerializeToString()),
    ],
    ids=["alone", "with its length", "packed"],
)
def test_protobuf(place: Place, tmp_path: Path, pack: Callable[[Any], bytes]) -> None:
    path = tmp_path / "logs.pb"
    path.write_bytes(pack(otlp_request()))
    plan = look(place, path, positive="cat")
    assert plan.format == "otlp"
    assert run_import(place, plan).n_taken == 1
    columns = "prediction_id, prediction, x, model_version, CAST(timestamp AS VARCHAR)"
    assert stored(place, columns) == [
        ("9007199254740993", "cat", 0.5, "v2", "2018-12-13 14:51:00.3")
    ]


def test_protobuf_that_was_cut_is_no_log(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "logs.pb"
    path.write_bytes(otlp_request().SerializeToString()[:-3])
    with pytest.raises(FileUnreadable, match=r"logs\.pb"):
        look(place, path, format="otlp")


@published
def test_published_otlp(place: Place) -> None:
    plan = look(place, FILES / "otlp_logs.json")
    roles = {c.name: c.role for c in plan.columns}
    assert (roles["timestamp"], roles["trace_id"], roles["int.attribute"]) == (
        "timestamp",
        "ignore",
        "feature",
    )
    assert run_import(place, plan).n_taken == 1
    columns = (
        '"int.attribute", "double.attribute", "boolean.attribute", "map.attribute.some.map.key"'
    )
    assert stored(place, columns) == [(10, 637.704, "true", "some value")]


@published
def test_published_spans_and_points(place: Place, tmp_path: Path) -> None:
    assert bring(place, FILES / "otlp_trace.json").n_taken == 1
    assert stored(place, "latency_ms, status") == [(1000.0, "ok")]
    report = run_import(
        place, plan_import(place, [FILES / "otlp_metrics.json"], ImportOptions("r"))
    )
    assert (report.kind, report.n_taken) == ("resources", 4)


# All of them


RECORDS = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


@given(RECORDS, st.sampled_from([None, 2]))
@settings(max_examples=300, deadline=None)
def test_whatever_a_log_begins_with_it_is_recognised_or_not(
    record: Row, indent: int | None
) -> None:
    assert recognise(json.dumps(record, indent=indent).encode()) in (None, *FOREIGN)


def test_a_vector_of_features_is_no_summary() -> None:
    assert recognise(b'{"id": "a", "features": [1, 2.5], "prediction": 1}\n') is None


@pytest.mark.parametrize("form", FOREIGN)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_record_holds_it_is_a_row_or_kept_aside(form: str, data: st.DataObject) -> None:
    """Records of any shape, under the names that readers look at: none raises, none is lost."""
    records = data.draw(st.lists(RECORDS, max_size=4))
    rows, rejects = read(form, [json.dumps(r) for r in records] + ["{"])
    assert rejects
    for row in rows:
        assert isinstance(row, dict)
        json.dumps(row)


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", '{"a": 1}\n{"a": 2}\n', '[{"a": 1}]', "{", "", '{"inputs": 3}\n', "\x0a"]
)
def test_other_logs_are_left_alone(text: str) -> None:
    assert recognise(text.encode()) is None


def test_what_waits_is_on_the_disk_and_is_gone_afterwards(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(event("request", "1", {"instances": [[1]]})) + "\n{\n")
    assert bring(place, path, format="kserve").n_taken == 1  # one side alone is taken
    assert not list((place.home / "tmp").iterdir())
