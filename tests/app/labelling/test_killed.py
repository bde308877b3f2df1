"""The server killed in the middle of a burst: what was acknowledged is there, the rest is sent again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.ingest.outbox import flush
from app.ingest.words import Place
from app.labelling.answer import Answer, give_answers
from app.labelling.claim import claim_next
from app.state.labels import annotation_table
from app.state.logs import load_dataset
from app.state.outbox import count_waiting

ROOT = Path(__file__).resolve().parents[3]
SERVER = """
import json, sys
from app.auth.viewer import viewer_of
from app.labelling.answer import Answer, give_answers
from app.state.database import Database
from app.state.grants import list_grants
from app.state.users import get_user

database = Database(sys.argv[1])
with database.read() as connection:
    user = get_user(connection, "ann")
    viewer = viewer_of(user, list_grants(connection, user.id))
for line in sys.stdin:
    answers = [Answer(**values) for values in json.loads(line)]
    outcomes = give_answers(database, viewer, int(sys.argv[2]), answers)
    print(json.dumps([o.unique_id for o in outcomes if o.status != "refused"]), flush=True)
"""


@pytest.mark.parametrize("n_acked", [1, 3])
def test_killed_in_a_burst_and_sent_again(world, blank_url: str, tmp_path, n_acked: int) -> None:
    world.fill(n=40)
    cards = claim_next(world.database, world.ann, world.project, 40).cards
    burst = [
        {"unique_id": f"u{i}", "task_id": c.task_id, "answer": "123"[i % 3], "lead_time": 1.0}
        for i, c in enumerate(cards)
    ]
    batches = [burst[i : i + 5] for i in range(0, 40, 5)]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, blank_url, str(world.project)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write("".join(json.dumps(batch) + "\n" for batch in batches))
    server.stdin.flush()
    acked = [key for _ in range(n_acked) for key in json.loads(server.stdout.readline())]
    server.send_signal(signal.SIGKILL)
    server.communicate(timeout=60)
    with world.database.read() as connection:
        stored = {r.unique_id for r in connection.execute(annotation_table.select())}
    assert set(acked) <= stored
    assert len(stored) % 5 == 0  # a batch is one transaction
    again = [Answer(**values) for values in burst]
    outcomes = give_answers(world.database, world.ann, world.project, again)
    assert {o.status for o in outcomes} <= {"stored", "known"}
    assert {o.unique_id for o in outcomes if o.status == "known"} == stored
    place = Place(tmp_path, world.database)
    assert count_waiting(world.database) == flush(place) == 40
    with world.database.read() as connection:
        rows = connection.execute(annotation_table.select()).all()
    assert Counter(row.unique_id for row in rows) == {f"u{i}": 1 for i in range(40)}
    assert load_dataset(world.database, "m", place.home).log("labels").n_rows == 40
