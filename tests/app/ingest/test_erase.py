"""One person's events are taken out for good, in one step, and nobody else's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import AccessDenied, UsageError
from app.auth.viewer import Viewer, operator
from app.ingest.erase import erase_user
from app.ingest.plan import plan_import
from app.ingest.pseudonyms import hash_user, user_key
from app.ingest.run import run_import, sweep
from app.ingest.words import ImportOptions
from app.state.audit import verify
from app.state.grants import Grant
from app.state.logs import list_parts, load_dataset
from app.state.outbox import put


def events(*users: str, month: int = 3) -> str:
    rows = (
        {
            "uuid": f"{user}-{month}-{i}",
            "event": "prediction_shown",
            "distinct_id": user,
            "timestamp": f"2026-{month:02d}-0{i + 1}T10:00:00Z",
            "properties": {"prediction_id": f"p{i}"},
        }
        for user in users
        for i in range(4)
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def users_of(place: Any) -> dict[str, int]:
    """Events by user, straight from the files of the manifest."""
    import duckdb

    with place.database.read() as connection:
        parts = list_parts(connection, "m")
    counts: dict[str, int] = {}
    for part in parts:
        assert (place.home / part.path).is_file()
        sql = f"SELECT user_id, count(*) FROM '{place.home / part.path}' GROUP BY 1"
        found = duckdb.sql(sql).fetchall()
        assert sum(n for _user, n in found) == part.n_rows
        for user, n in found:
            counts[user] = counts.get(user, 0) + n
    return counts


def test_a_user_is_gone_from_parts_outbox_and_disk(place, bring) -> None:
    bring(events("ann", "bob"), "a.jsonl", kind="events")
    bring(events("ann", month=4), "b.jsonl", kind="events")
    key = user_key(place.home)
    ann, bob = hash_user(key, "ann"), hash_user(key, "bob")
    with place.database.write("test") as write:
        row = {"uuid": "x", "event": "prediction_shown", "timestamp": "2026-04-02T10:00:00"}
        put(write, "m", "events", [{**row, "user_id": ann}, {**row, "uuid": "y", "user_id": bob}])
    before = load_dataset(place.database, "m")
    erased = erase_user(place, operator(), "m", "ann")
    assert erased.n_events == 9
    assert users_of(place) == {bob: 5}
    with place.database.read() as connection:
        known = {place.home / part.path for part in list_parts(connection, "m")}
    assert set((place.home / "logs").rglob("*.parquet")) == known  # the old files are gone
    after = load_dataset(place.database, "m")
    assert after.people != before.people  # answers about people are worked out anew
    assert sweep(place.home, place.database) == []
    assert verify(place.database).is_intact
    assert erase_user(place, operator(), "m", "ann").n_events == 0


def test_what_was_set_aside_goes_too(place, bring) -> None:
    bad = (
        json.dumps({"event": "prediction_shown", "distinct_id": "ann", "timestamp": "soon"}) + "\n"
    )
    other = bad.replace("ann", "bob")
    report = bring(events("cleo") + bad + other, "a.jsonl", kind="events")
    assert report.n_aside == 2
    assert erase_user(place, operator(), "m", "ann").n_aside == 1
    import duckdb

    file = place.home / "aside" / f"{report.import_id}.parquet"
    ((raw,),) = duckdb.sql(f"SELECT raw FROM '{file}'").fetchall()
    assert '"bob"' in raw


def test_attached_files_are_not_ours_to_change(place, tmp_path: Path) -> None:
    import duckdb

    folder = tmp_path / "theirs"
    folder.mkdir()
    file = folder / "events.parquet"
    duckdb.sql(
        "SELECT 'e1' AS uuid, 'prediction_shown' AS event, 'ann' AS user_id,"
        " TIMESTAMP '2026-03-01 10:00:00' AS timestamp"
    ).write_parquet(str(file))
    options = ImportOptions("m", kind="events", is_attached=True)
    run_import(place, plan_import(place, [file], options))
    with pytest.raises(UsageError, match="attached files"):
        erase_user(place, operator(), "m", "ann")
    assert file.is_file()


def test_a_death_before_the_commit_changes_nothing(place, bring, monkeypatch) -> None:
    bring(events("ann", "bob"), "a.jsonl", kind="events")

    def die(step: str) -> None:
        if step == "erased":
            raise KeyboardInterrupt

    monkeypatch.setattr("app.ingest.erase.reach", die)
    before = users_of(place)
    with pytest.raises(KeyboardInterrupt):
        erase_user(place, operator(), "m", "ann")
    assert users_of(place) == before
    assert len(sweep(place.home, place.database)) == 1  # what was written and never counted


def test_only_an_admin_may(place, bring) -> None:
    bring(events("ann"), "a.jsonl", kind="events")
    scientist = Viewer("sam", "Sam", "data_scientist", (Grant("data_scientist", "*"),))
    with pytest.raises(AccessDenied):
        erase_user(place, scientist, "m", "ann")


def test_the_command(place, bring, capsys) -> None:
    from app.cli import main

    bring(events("ann", "bob"), "a.jsonl", kind="events")
    capsys.readouterr()
    status = main(["privacy", "erase-user", "ann", "--home", str(place.home), "--json"])
    assert status == 0
    assert json.loads(capsys.readouterr().out) == {
        "erased": [
            {
                "model": "m",
                "n_events": 4,
                "n_aside": 0,
                "n_parts": 1,
                "n_feedback": 0,
                "n_answers": 0,
            }
        ]
    }


def test_feedback_goes_with_its_thread_and_answers_stay_under_a_pseudonym(place, bring) -> None:
    import sqlalchemy as sa

    from app.labelling.projects import default_setup, make_project
    from app.state import triage
    from app.state.feedback import Given, feedback_table, receive
    from app.state.hooks import add_hook, ask_delivery, list_deliveries
    from app.state.labels import annotation_table, task_table
    from app.state.models import get_model

    log = "prediction_id,prediction,label\n" + "".join(f"p{i},{i % 2},{i % 2}\n" for i in range(8))
    bring(log, "p.csv", positive="1")
    ann = hash_user(user_key(place.home), "ann")
    hook = {"model": "m", "name": "x", "purpose": "reply", "style": "plain"}
    project = make_project(
        place.database, operator("boss"), "m", default_setup(get_model(place.database, "m"))
    )
    with place.database.write("test") as write:
        mine = receive(write, "m", Given("thumbs", "p1", score=0.0, comment="me", user_id=ann))[0]
        said = Given("thumbs", "p2", score=1.0, comment="other", user_id="somebody")
        other = receive(write, "m", said)[0]
        triage.add_note(write, mine.id, "Ann said so")
        ask_delivery(
            write, add_hook(write, hook | {"url": "https://x.example"}), mine.id, {"a": "me"}
        )
        now = place.database.clock()
        task = dict.fromkeys((c.name for c in task_table.c if not c.nullable), "")
        task |= {"id": 1, "project_id": project, "prediction_id": "p1", "priority": 0.0}
        task |= {"overlap": 1, "created_at": now, "updated_at": now, "state": "open"}
        write.execute(
            task_table.insert().values(**{k: v for k, v in task.items() if k in task_table.c})
        )
        given = {c.name: False for c in annotation_table.c if isinstance(c.type, sa.Boolean)}
        given |= {"unique_id": "u", "task_id": 1, "project_id": project, "person": "ann"}
        given |= {"comment": "", "prediction_shown": "none", "guideline_version": 1}
        given |= {"review_status": "none", "created_at": now, "updated_at": now}
        write.execute(annotation_table.insert().values(**given))
    erased = erase_user(place, operator(), "m", "ann")
    assert (erased.n_feedback, erased.n_answers) == (1, 1)
    with place.database.read() as connection:
        left = list(connection.execute(sa.select(feedback_table.c.id)).scalars())
        assert left == [other.id]
        assert not connection.execute(sa.select(triage.note_table)).all()
        (person,) = connection.execute(sa.select(annotation_table.c.person)).scalars()
    assert person == f"erased {ann[:12]}"
    (message,) = list_deliveries(place.database)
    assert (message.state, message.payload) == ("failed", {})
    feedback = load_dataset(place.database, "m").log("feedback")
    assert feedback.n_rows == 1
    assert verify(place.database).is_intact
    assert erase_user(place, operator(), "m", "ann").n_feedback == 0
