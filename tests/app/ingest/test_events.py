"""Events of people: PostHog's and Segment's shapes, duplicates, lateness, and users without names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import RoleAmbiguous
from app.ingest.events import EVENT_COLUMNS, event_row, with_uuid
from app.ingest.plan import plan_import
from app.ingest.pseudonyms import hash_sql, hash_user, user_key
from app.ingest.run import run_import
from app.ingest.words import ImportOptions, Place

SHOWN = {
    "uuid": "e1",
    "event": "prediction_shown",
    "distinct_id": "ann",
    "timestamp": "2026-03-01T10:00:00Z",
    "properties": {"prediction_id": "007", "$session_id": "s1", "$ip": "192.0.2.1", "gate": "B7"},
}
TRACK = {
    "type": "track",
    "messageId": "m1",
    "event": "Prediction Overridden",
    "anonymousId": "anon-1",
    "timestamp": "2026-03-01T12:01:00+02:00",
    "properties": {"prediction_id": "007", "final_decision": 1.0, "confidence": "0.7"},
    "context": {"ip": "192.0.2.2"},
}


def lines(*events: dict[str, Any]) -> str:
    return "".join(json.dumps(e) + "\n" for e in events)


def stored(place: Place) -> list[dict[str, Any]]:
    files = str(place.home / "logs" / "m" / "production" / "events" / "*" / "*.parquet")
    found = duckdb.sql(f"SELECT * FROM read_parquet('{files}', union_by_name = true) ORDER BY uuid")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def test_posthog_and_segment_become_the_same_columns(place, bring) -> None:
    bring(lines(SHOWN), "posthog.jsonl", kind="events")
    report = bring(lines(TRACK), "segment.jsonl", kind="events")
    assert report.n_taken == 1 and report.n_aside == 0
    shown, overridden = stored(place)
    key = user_key(place.home)
    assert shown["prediction_id"] == "007" and shown["session_id"] == "s1"
    assert shown["user_id"] == hash_user(key, "ann") != "ann"
    assert json.loads(shown["properties"]) == {"gate": "B7"}
    assert overridden["event"] == "prediction_overridden"
    assert overridden["user_id"] == hash_user(key, "anon-1")
    assert overridden["final_decision"] == "1" and overridden["confidence"] == 0.7
    assert overridden["timestamp"].isoformat() == "2026-03-01T10:01:00"
    assert "192.0.2" not in str(stored(place))


def test_the_same_uuid_is_ignored_in_one_file_and_in_the_next(place, bring) -> None:
    report = bring(lines(SHOWN, SHOWN), "a.jsonl", kind="events")
    assert (report.n_taken, report.n_duplicates) == (1, 1)
    report = bring(lines(SHOWN, {**SHOWN, "uuid": "e2"}), "b.jsonl", kind="events")
    assert (report.n_taken, report.n_duplicates) == (1, 1)
    assert [row["uuid"] for row in stored(place)] == ["e1", "e2"]


def test_many_events_of_one_prediction_all_stay(place, bring) -> None:
    rows = [{**SHOWN, "uuid": f"e{i}"} for i in range(5)]
    assert bring(lines(*rows), "a.jsonl", kind="events").n_taken == 5


def test_without_uuids_the_content_tells_what_is_the_same(place, bring) -> None:
    text = "event,user_id,timestamp,prediction_id\nprediction_shown,ann,2026-03-01T10:00:00Z,p1\n"
    assert bring(text, "a.csv", kind="events").n_taken == 1
    assert bring(text, "b.csv", kind="events").n_duplicates == 1
    assert stored(place)[0]["uuid"]


def test_bad_rows_are_set_aside_and_counted(bring) -> None:
    bad = {**SHOWN, "uuid": "e2", "timestamp": "yesterday"}
    nameless = {**SHOWN, "uuid": "e3", "event": ""}
    report = bring(lines(SHOWN, bad, nameless) + "not json\n", "a.jsonl", kind="events")
    assert report.n_taken == 1
    assert report.aside == {
        "the timestamp cannot be read": 1,
        "the event has no name": 1,
        "the line is no JSON object": 1,
    }


def test_what_is_not_recognised_is_asked(place, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("what,who,when\nprediction_shown,ann,2026-03-01T10:00:00Z\n")
    plan = plan_import(place, [file], ImportOptions("m", kind="events"))
    assert [q.what for q in plan.questions] == [
        "Which column names what happened?",
        "Which column says who did it?",
        "Which column says when it happened?",
    ]
    with pytest.raises(RoleAmbiguous):
        run_import(place, plan)
    mapping = (("event", "what"), ("user_id", "who"), ("timestamp", "when"))
    plan = plan_import(place, [file], ImportOptions("m", kind="events", mapping=mapping))
    assert run_import(place, plan).n_taken == 1


def test_hashing_can_be_turned_off(place, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(lines(SHOWN))
    open_place = Place(place.home, place.database, "test", hashes_users=False)
    run_import(open_place, plan_import(open_place, [file], ImportOptions("m", kind="events")))
    assert stored(place)[0]["user_id"] == "ann"


def test_a_home_keeps_its_key_to_itself(tmp_path: Path) -> None:
    one, other = user_key(tmp_path / "a"), user_key(tmp_path / "b")
    assert one == user_key(tmp_path / "a") != other and len(one) == 64
    assert (tmp_path / "a" / "user.key").stat().st_mode & 0o077 == 0


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_sql_and_python_hash_alike(user: str) -> None:
    sql = hash_sql("u", "it's a key")
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {sql} FROM (SELECT ? AS u)", [user]).fetchall()
    assert found == [(hash_user("it's a key", user),)]


def test_an_event_that_was_sent_is_the_row_that_a_file_gives(place, bring) -> None:
    bring(lines(SHOWN), "posthog.jsonl", kind="events")
    bring(lines(TRACK), "segment.jsonl", kind="events")
    key = user_key(place.home)
    for capture, row in zip((SHOWN, TRACK), stored(place), strict=True):
        sent = event_row(capture, key)
        for name in ("uuid", "event", "user_id", "prediction_id", "session_id", "final_decision"):
            assert sent.get(name) == row[name], name
    assert json.loads(event_row(SHOWN, key)["properties"]) == {"gate": "B7"}
    assert json.loads(event_row(TRACK, key)["properties"]) == {"type": "track"}


def test_a_sent_event_without_a_uuid_gets_the_same_one_each_time() -> None:
    row = event_row({k: v for k, v in SHOWN.items() if k != "uuid"}, "key")
    assert with_uuid(row)["uuid"] == with_uuid(dict(row))["uuid"]
    assert with_uuid({**row, "prediction_id": "8"})["uuid"] != with_uuid(row)["uuid"]
    assert with_uuid({"uuid": "x"})["uuid"] == "x"


def test_every_canonical_column_is_there_whatever_the_file_had(place, bring) -> None:
    bring(lines(SHOWN), "a.jsonl", kind="events")
    assert set(EVENT_COLUMNS) <= set(stored(place)[0])
