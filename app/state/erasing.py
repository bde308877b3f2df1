"""One person out of the state: what they said goes, what they labelled stays under another name."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from app.state.database import Write
from app.state.feedback import feedback_table
from app.state.hooks import delivery_table
from app.state.labels import annotation_table, handover_table, lease_table, project_table
from app.state.triage import change_table, note_table

AT_ONCE = 500  # names in one statement
GONE = "Its reporter was erased."


def erase_feedback(write: Write, model: str, who: Sequence[str]) -> int:
    """Delete a model's feedback of a user, with thread and messages; how many items that were."""
    item = feedback_table.c
    mine = sa.select(item.id).where(item.model == model, item.user_id.in_(who))
    ids = list(write.execute(mine).scalars())
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        for table in (note_table, change_table):
            write.execute(table.delete().where(table.c.feedback_id.in_(some)))
        told = delivery_table.c.feedback_id.in_(some)
        waits = told & (delivery_table.c.state == "waiting")
        ended = {"state": "failed", "error": GONE, "ended_at": write.database.clock()}
        write.execute(delivery_table.update().where(waits).values(**ended))
        write.execute(delivery_table.update().where(told).values(payload="{}"))
        same = feedback_table.update().where(item.duplicate_of.in_(some))
        write.execute(same.values(duplicate_of=None))
        write.execute(feedback_table.delete().where(item.id.in_(some)))
    return len(ids)


def rename_annotator(write: Write, model: str, person: str, name: str) -> int:
    """Put another name under a person's answers, reviews and notes; how many answers that were.

    The answers stay: labels rest on them, and agreement is counted between people, whoever they are.
    """
    mine = sa.select(project_table.c.id).where(project_table.c.model == model)
    given = annotation_table.c
    answers = (given.person == person) & given.project_id.in_(mine)
    n = int(write.execute(annotation_table.update().where(answers).values(person=name)).rowcount)
    reviews = (given.reviewed_by == person) & given.project_id.in_(mine)
    write.execute(annotation_table.update().where(reviews).values(reviewed_by=name))
    notes = (handover_table.c.author == person) & handover_table.c.project_id.in_(mine)
    write.execute(handover_table.update().where(notes).values(author=name))
    tasks = sa.select(given.task_id).where(given.project_id.in_(mine))
    held = (lease_table.c.person == person) & lease_table.c.task_id.in_(tasks)
    write.execute(lease_table.delete().where(held))
    return n
