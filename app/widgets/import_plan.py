"""What an import would do, for confirmation; how far a running one is; what earlier ones brought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from analytics.sources.names import ROLES
from analytics.words import write_count
from app.auth import guarded, require
from app.auth.current import state
from app.state import jobs
from app.state.logs import ImportRow, list_imports
from app.widgets.problem import plain

if TYPE_CHECKING:
    from app.ingest.words import ImportPlan, PlanColumn

SHOWN = 20
STATES = {"queued": "◌ waiting", "done": "● done", "failed": "▲ failed", "cancelled": "○ cancelled"}


def draw_plan(plan: ImportPlan) -> tuple[tuple[str, str], ...]:
    """The plan as a table whose roles can be changed; the (role, column) pairs that were."""
    task = plan.task + (f", positive class {plan.positive}" if plan.positive is not None else "")
    files = f"{len(plan.files)} file" + ("s" if len(plan.files) > 1 else "")
    st.caption(plain(f"{files} · {plan.format} · {plan.kind} · task: {task}"))
    for question in plan.questions:
        st.markdown(f"◆ **{plain(question.what)}** Choose its role in the table, or below.")
    table = pd.DataFrame(
        {
            "column": [c.name for c in plan.columns],
            "role": [role_of(c) for c in plan.columns],
            "type": [c.type for c in plan.columns],
            "values": [", ".join(c.examples) for c in plan.columns],
            "why": [c.why for c in plan.columns],
        }
    )
    options = [*ROLES, *(f"score_{name}" for name in plan.classes)]
    config = {"role": st.column_config.SelectboxColumn("role", options=options, required=True)}
    edited = st.data_editor(
        table,
        hide_index=True,
        disabled=("column", "type", "values", "why"),
        column_config=config,
        key="plan_table",
        alt="Columns of the file with their roles",
    )
    notes = [f"◆ {p}" for p in plan.problems] + [f"◌ {what}" for what in plan.lacks]
    if plan.is_zone_assumed:
        notes.insert(0, "◌ times without an offset are taken as UTC")
    for note in notes:
        st.caption(plain(note))
    return changed_roles(plan.columns, list(edited["role"]))


def role_of(column: PlanColumn) -> str:
    """The role as ``--map`` writes it."""
    return f"score_{column.class_name}" if column.class_name else column.role


def changed_roles(
    columns: Sequence[PlanColumn], roles: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """(role, column) of every column whose role is another than the plan's."""
    pairs = zip(columns, roles, strict=True)
    return tuple((role, c.name) for c, role in pairs if role != role_of(c))


@st.fragment(run_every=1)
@guarded("import")
def draw_job(job_id: int) -> None:
    """How far the import is; asks again every second while it runs."""
    database, _settings = state()
    job = jobs.get(database, job_id)
    viewer = require("import")
    if job.actor != viewer.user:
        viewer.check("admin")
    if job.state in ("queued", "running"):
        st.progress(job.progress, text=plain(job.message))
        st.button("Cancel", key="cancel_import", on_click=_cancel, args=(job_id,))
        return
    if job.state == "failed" and job.error:
        st.markdown(
            f"▲ **{plain(job.error[0])}**  \n{plain(job.error[1])}  \n:gray[{plain(job.error[2])}]"
        )
    elif job.state == "done" and job.result:
        for line in report_lines(job.result):
            st.markdown(plain(line))
    else:
        st.markdown(plain(STATES[job.state]))
    st.button("Import another", key="import_another", on_click=_again)


@guarded("import")
def _cancel(job_id: int) -> None:
    jobs.cancel(state()[0], require("import").user, job_id)


def _again() -> None:
    for key in ("import_job", "import_paths", "import_mapping"):
        st.session_state.pop(key, None)


def report_lines(report: Any) -> list[str]:
    """What an import did, in a few lines."""
    lines = [
        f"● {write_count(report['n_taken'])} rows taken into {report['model']} ({report['log']} {report['kind']})"
    ]
    if report["n_labels"] and report["kind"] != "labels":
        lines.append(f"● {write_count(report['n_labels'])} labels with them")
    again = report["n_duplicates"] + report["n_label_duplicates"]
    if again:
        lines.append(f"○ {write_count(again)} duplicates skipped")
    if report["n_labels_unmatched"]:
        lines.append(
            f"◌ {write_count(report['n_labels_unmatched'])} labels wait for their prediction"
        )
    lines += [
        f"◆ {write_count(n)} rows set aside: {reason}" for reason, n in report["aside"].items()
    ]
    return lines


def draw_history(models: Sequence[str]) -> None:
    """Earlier imports of the models that the viewer may import into."""
    rows = [row for row in list_imports(state()[0]) if row.model in models][:SHOWN]
    if not rows:
        return
    st.subheader("Earlier imports", anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                "when (UTC)": [f"{r.finished_at:%Y-%m-%d %H:%M}" for r in rows],
                "model": [r.model for r in rows],
                "log": [f"{r.log} {r.kind}" for r in rows],
                "rows": [r.n_taken for r in rows],
                "set aside": [aside(r) for r in rows],
                "by": [r.actor for r in rows],
            }
        ),
        hide_index=True,
        key="history",
        alt=f"{len(rows)} imports",
    )


def aside(row: ImportRow) -> str:
    """What an import set aside, with the reasons."""
    return "; ".join(f"{write_count(n)}: {reason}" for reason, n in row.aside.items()) or "none"
