"""Tasks that came with an id alone get what the model saw and said, once it is in the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from app.auth.viewer import Viewer
from app.labelling.access import check_reader, find_project
from app.labelling.choose import said_of
from app.state.database import Database
from app.state.labels import task_table
from app.state.logs import load_dataset

if TYPE_CHECKING:
    from analytics.query.engine import Engine

_task = task_table.c
EMPTY = "{}"


def complete_tasks(engine: Engine, database: Database, viewer: Viewer, project_id: int) -> int:
    """Look up the rows of open tasks without data, such as corrections that users sent; how many.

    Sensitive columns are left out. A prediction that the log does not have stays as it is.
    """
    from analytics.query.by_id import rows_by_id

    bare = (_task.project_id == project_id) & (_task.data == EMPTY) & (_task.state == "open")
    with database.read() as connection:
        project = find_project(connection, project_id)
        check_reader(viewer, project)
        ids = list(connection.execute(sa.select(_task.prediction_id).where(bare)).scalars())
    if not ids:
        return 0
    seen = rows_by_id(engine, load_dataset(database, project.model).without_sensitive(), ids)
    if not seen:
        return 0
    with database.write(viewer.user) as write:
        for number, row in seen.items():
            values = {
                "data": json.dumps(row.data, ensure_ascii=False, sort_keys=True, default=str),
                "prediction": json.dumps(said_of(row), ensure_ascii=False, default=str),
                "model_version": row.model_version,
                "updated_at": database.clock(),
            }
            this = task_table.update().where(bare, _task.prediction_id == number)
            write.execute(this.values(**values))
        write.audit("complete", "label_project", str(project_id), n=len(seen))
    return len(seen)
