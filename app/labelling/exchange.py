"""A project as rows, one an answer, and back: exported, wiped and imported it is the same.

A row holds the task and the answer. A task without answers is a row whose answer is empty. Answers
name each other by their ``unique_id``, so that no number of this database is in a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.errors import UsageError
from app.auth.viewer import Viewer
from app.labelling.accept import recount
from app.labelling.access import find_project, hidden_columns
from app.labelling.answer import as_value
from app.labelling.rows import ANSWER, DEFAULTS, TASK, Row, as_answer, as_task, check_row
from app.state.database import Database, Write
from app.state.labels import Project, annotation_table, task_table
from app.state.logs import load_dataset
from app.state.outbox import put

if TYPE_CHECKING:
    from analytics.query.engine import Engine

LABEL = ("prediction_id", "label", "known_at", "source")  # what makes a label row the same
_task, _answer = task_table.c, annotation_table.c


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. ``refused`` are (place in the file, why), the rest was taken.

    ``n_known`` answers were here already and stay as they are.
    """

    n_tasks: int
    n_answers: int
    n_known: int
    n_labels: int
    refused: tuple[tuple[int, str], ...] = ()


def export_project(database: Database, viewer: Viewer, project_id: int) -> list[Row]:
    """Every task and answer of a project, sorted; with an audit row. Right: review."""
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        viewer.check("review", project.model)
        rows = read_rows(write.connection, project_id)
        hidden = hidden_columns(write.connection, viewer, project.model)
        for row in rows:
            row["data"] = {k: v for k, v in row["data"].items() if k not in hidden}
        write.audit("export", "label_project", str(project_id), n_rows=len(rows))
    return rows


def read_rows(connection: Connection, project_id: int) -> list[Row]:
    """The rows of a project by prediction, moment and number."""
    both = task_table.outerjoin(annotation_table, _answer.task_id == _task.id)
    picks = [_task[name].label(f"task_{name}") for name in TASK.values()]
    picks += [_answer[name].label(f"answer_{name}") for name in ANSWER.values()]
    statement = (
        sa.select(*picks)
        .select_from(both)
        .where(_task.project_id == project_id)
        .order_by(_task.prediction_id, _answer.created_at, _answer.unique_id)
    )
    rows = []
    for found in connection.execute(statement).mappings():
        row: Row = {name: _out(found[f"task_{column}"]) for name, column in TASK.items()}
        row |= {name: _out(found[f"answer_{column}"]) for name, column in ANSWER.items()}
        row["data"], row["prediction"] = json.loads(row["data"]), json.loads(row["prediction"])
        if row["unique_id"] is not None:
            for name in ("was_cancelled", "is_flagged", "is_unsure"):
                row[name] = bool(row[name])
            row["is_adjudication"] = bool(row["is_adjudication"])
            row["ground_truth"] = bool(row["ground_truth"])
        rows.append(row)
    return sorted(
        rows, key=lambda r: (r["prediction_id"], r["created_at"] or "", r["unique_id"] or "")
    )


def import_rows(
    engine: Engine | None,
    database: Database,
    viewer: Viewer,
    project_id: int,
    rows: Sequence[Mapping[str, Any]],
) -> Imported:
    """Take rows of this shape into a project, all in one transaction. Right: review.

    Answers whose ``unique_id`` is here already are left alone. A task whose row does not say how it
    stands is settled by the answers it got. Labels that were accepted go to the label log unless
    they stand there already (asked of ``engine``). Rows that cannot be taken are refused, with why.
    """
    with database.write(viewer.user) as write:
        project = find_project(write.connection, project_id)
        viewer.check("review", project.model)
        found = _Import(write, project)
        for place, row in enumerate(rows):
            found.take(place, row)
        found.store()
        standing = _standing(engine, database, project, found.accepted)
        labels = [row for row in found.accepted if tuple(row[n] for n in LABEL) not in standing]
        put(write, project.model, "labels", labels)
        done = found.report(len(labels))
        counts = {
            "n_tasks": done.n_tasks,
            "n_answers": done.n_answers,
            "refused": len(done.refused),
        }
        write.audit("import", "label_project", str(project_id), **counts)
    return done


class _Import:
    """Rows on their way in."""

    def __init__(self, write: Write, project: Project) -> None:
        self.write, self.project = write, project
        self.tasks = dict(self._ids())
        mine = sa.select(_answer.unique_id)
        self.known = set(write.execute(mine).scalars())
        self.new_tasks: dict[str, dict[str, Any]] = {}
        self.answers: list[tuple[str, dict[str, Any]]] = []
        self.refused: list[tuple[int, str]] = []
        self.n_known = 0
        self.unsettled: set[str] = set()

    def _ids(self) -> Iterable[tuple[str, int]]:
        mine = sa.select(_task.prediction_id, _task.id).where(_task.project_id == self.project.id)
        return [(row.prediction_id, row.id) for row in self.write.execute(mine)]

    def take(self, place: int, given: Mapping[str, Any]) -> None:
        """Check one row and keep what is new in it."""
        row = {**DEFAULTS, **{k: v for k, v in given.items() if v is not None and k in DEFAULTS}}
        try:
            check_row(row)
            self._check_answer(row)
        except UsageError as error:
            self.refused.append((place, error.what))
            return
        number = str(row["prediction_id"])
        if number not in self.tasks and number not in self.new_tasks:
            values = as_task(row, self.project, self.write.database.clock())
            self.new_tasks[number] = values
        if given.get("state") is None and number not in self.tasks:
            self.unsettled.add(number)
        if row["unique_id"] is None:
            return
        if row["unique_id"] in self.known:
            self.n_known += 1
            return
        self.known.add(row["unique_id"])
        if number in self.tasks:
            self.unsettled.add(number)
        self.answers.append((number, as_answer(row, self.project, self.write.database.clock())))

    def _check_answer(self, row: Row) -> None:
        setup = self.project.setup
        answer = row["answer"]
        if answer is None:
            return
        if setup.kind == "value":
            row["answer"] = as_value(answer)
        elif answer not in setup.classes:
            raise UsageError(f"{answer!r} is no class of this project.")

    def store(self) -> None:
        """Insert, and settle the tasks whose row did not say how they stand."""
        if self.new_tasks:
            self.write.execute(task_table.insert(), list(self.new_tasks.values()))
        self.tasks = dict(self._ids())
        self.answers.sort(key=lambda pair: (pair[1]["created_at"], pair[1]["unique_id"]))
        rows = [{**values, "task_id": self.tasks[number]} for number, values in self.answers]
        if rows:
            self.write.execute(annotation_table.insert(), rows)
        for number in sorted(self.unsettled):
            recount(self.write, self.project, self.tasks[number])

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """Label rows of new tasks that came with an accepted label."""
        tasks = [t for n, t in self.new_tasks.items() if n not in self.unsettled]
        return [
            {
                "prediction_id": task["prediction_id"],
                "label": task["accepted_label"],
                "known_at": task["accepted_at"],
                "source": task["accepted_source"],
                "queue": task["queue"],
                "sampling_p": task["sampling_p"],
            }
            for task in tasks
            if task["accepted_source"] is not None
        ]

    def report(self, n_labels: int) -> Imported:
        """What was done."""
        counts = (len(self.new_tasks), len(self.answers), self.n_known, n_labels)
        return Imported(*counts, tuple(self.refused))


def _standing(
    engine: Engine | None, database: Database, project: Project, rows: Sequence[Mapping[str, Any]]
) -> set[tuple[Any, ...]]:
    """Those rows that the label log has already."""
    if engine is None or not rows:
        return set()
    from analytics.query.by_id import labels_by_id

    ids = [row["prediction_id"] for row in rows]
    return labels_by_id(engine, load_dataset(database, project.model), ids)


def _out(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
