"""What an import would do, for confirmation; how far a running one is; what earlier ones brought."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from analytics.errors import AccessDenied, TelltaleError
from analytics.sources.names import ROLES
from analytics.words import write_count
from app.auth import guarded, require
from app.auth.current import state
from app.ingest.aside import open_aside
from app.ingest.formats import FOREIGN
from app.ingest.requests import KIND, drop_upload, keep_upload, place_of
from app.ingest.words import ImportOptions
from app.session import KEYS
from app.state import jobs
from app.state.logs import ImportRow, list_imports
from app.state.models import check_name
from app.widgets.empty_state import step_to
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from analytics.core import Kind, LogName, Task
    from app.auth.viewer import Viewer
    from app.ingest.words import ImportPlan, Place, PlanColumn, Question

# an answer as the command line writes it: --map ROLE=COLUMN, or --positive CLASS
ANSWER = re.compile(r"--map (\S+?)=(.+?)(?=$|;)|--positive (.+?)(?=\.?$| or )")
LOGS: dict[str, LogName] = {"Production": "production", "Reference": "reference"}
KINDS: dict[str, Kind | None] = {"Guess": None, "Predictions": "predictions", "Labels": "labels"}
TASKS: dict[str, Task | None] = {
    "found": None, "binary": "binary", "multiclass": "multiclass",
    "regression": "regression", "none": "none",
}  # fmt: skip
FORMATS = {"auto": "found", "csv": "CSV", "jsonl": "JSON", "parquet": "Parquet"}
FORMATS |= {name: foreign.title for name, foreign in FOREIGN.items()}
TYPES = (
    *("csv", "tsv", "gz", "jsonl", "ndjson", "json", "parquet", "pq"),
    *("txt", "log", "pb", "bin"),
)
UPLOAD, PATH, PASTE = "Upload", "Path on the server", "Paste one event"
RUNNING = ("queued", "running")
SHOWN = 20
STATES = {"queued": "◌ waiting", "done": "● done", "failed": "▲ failed", "cancelled": "○ cancelled"}


def choose_files(place: Place) -> tuple[Place, list[str]]:
    """What to read: uploads, a path under the folders that the settings name, or a pasted text."""
    sources = (UPLOAD, PATH, PASTE)
    source = st.segmented_control("From", sources, default=UPLOAD, key="source", required=True)
    if source == PASTE:
        text = st.text_area(
            "One event", key="import_text", height=220, on_change=_forget,
            placeholder='{"id": "a1", "time": "2026-01-05T10:00:00Z", "prediction": 1, "age": 41}',
        )  # fmt: skip
        st.caption("JSON, a line of CSV under its column names, or a record of another system.")
        return place, [text] if text else []
    if source == UPLOAD:
        st.file_uploader(
            "Files", TYPES, accept_multiple_files=True, key="upload", on_change=_take_upload,
            max_upload_size=state()[1].number("upload_limit_mb"),
        )  # fmt: skip
        if not st.session_state.upload and "import_paths" in st.session_state:
            _forget()  # the files were left behind on another page
        paths = list(st.session_state.get("import_paths", []))
    else:
        place = replace(place, roots=(place.roots or ())[1:])  # not what others uploaded
        path = st.text_input(
            "File, folder or glob",
            placeholder="/data/logs/2024-*.parquet",
            on_change=_forget,
            key="import_path",
        )
        roots = (
            ", ".join(map(str, place.roots or ())) or "none; an admin sets TELLTALE_IMPORT_ROOTS"
        )
        st.caption(f"Folders that may be read: {roots}")
        paths = [path] if path else []
    if "upload_error" in st.session_state:
        problem(TelltaleError(*st.session_state.upload_error))
    return place, paths


@guarded("import")
def _take_upload() -> None:
    """Keep the uploaded files where only the import finds them."""
    now, kept = state()[1], []
    _forget()
    try:
        for file in st.session_state.upload:
            kept.append(str(keep_upload(require("import"), now, file.name, file)))
    except TelltaleError as error:
        drop_upload(now, kept)
        st.session_state.upload_error, kept = (error.what, error.why, error.do), []
    st.session_state.import_paths = kept


@guarded("import")
def _forget() -> None:
    """Other files than before: nothing said about the old ones counts for them."""
    drop_upload(state()[1], st.session_state.get("import_paths", []))
    for key in ("import_paths", "import_mapping", "upload_error"):
        st.session_state.pop(key, None)
    st.session_state.import_positive = ""


def without_folders(error: TelltaleError, paths: Sequence[str]) -> TelltaleError:
    """The same problem, with uploads called by their names: their folder is nobody's business."""
    if not isinstance(error, AccessDenied):
        uploads = str(state()[1].home / "uploads")
        for folder in {str(Path(path).parent) for path in paths if path.startswith(uploads)}:
            texts = (error.what, error.why, error.do)
            error = TelltaleError(*(text.replace(f"{folder}/", "") for text in texts))
    return error


def choose_model(viewer: Viewer, models: Sequence[str]) -> str | None:
    """The model to import into, checked at once; None while there is none or it may not be."""
    name = st.selectbox(
        "Model",
        models,
        index=None,
        key="import_model",
        accept_new_options=True,
        placeholder="Choose one, or type a new name",
    )
    if not name:
        return None
    try:
        check_name(name)
        viewer.check("import", name)
    except TelltaleError as error:
        problem(error)
        return None
    if name not in models:
        st.caption(plain(f"● A new model: {name}"))
    return name


def choose_options(model: str, *, can_attach: bool) -> ImportOptions:
    """Where the rows go and what only a person can know of them."""
    log = st.segmented_control("Into", LOGS, default="Production", key="import_log", required=True)
    kind = st.segmented_control(
        "Rows are", KINDS, default="Guess", key="import_kind", required=True
    )
    with st.expander("More"):
        positive = st.text_input(
            "Positive class", placeholder="found from the values", key="import_positive"
        )
        zone = st.text_input("Time zone of times without an offset", placeholder="UTC")
        task = st.selectbox("Task", TASKS)
        form = st.selectbox("Format", FORMATS, format_func=lambda name: FORMATS[name])
        is_attached = st.checkbox(
            "Read Parquet where it stands (copy nothing)",
            disabled=not can_attach,
            help=None if can_attach else "An upload is always copied; give its path on the server.",
        )
    return ImportOptions(
        model=model,
        kind=KINDS[kind or "Guess"],
        log=LOGS[log or "Production"],
        mapping=tuple(st.session_state.get("import_mapping", ())),
        positive=positive or None,
        timezone=zone or None,
        task=TASKS[task],
        format=form,
        is_attached=is_attached and can_attach,
    )


def draw_plan(plan: ImportPlan) -> tuple[tuple[str, str], ...]:
    """The plan as a table whose roles can be changed; the (role, column) pairs that were."""
    task = plan.task + (f", positive class {plan.positive}" if plan.positive is not None else "")
    files = f"{len(plan.files)} file" + ("s" if len(plan.files) > 1 else "")
    st.subheader("What the columns mean", anchor=False)
    form = plan.recognised or plan.format
    st.caption(plain(f"{files} · {form} · {plan.kind} · task: {task}"))
    for i, question in enumerate(plan.questions):
        _draw_question(i, question)
    columns = [c for c in plan.columns if not c.is_beside]
    table = pd.DataFrame(
        {
            "column": [c.name for c in columns],
            "role": [role_of(c) for c in columns],
            "type": [c.type for c in columns],
            "values": [", ".join(c.examples) for c in columns],
            "why": [c.why for c in columns],
        }
    )
    options = list(dict.fromkeys([*ROLES, *(f"score_{n}" for n in plan.classes), *table["role"]]))
    edited = st.data_editor(
        table,
        hide_index=True,
        disabled=("column", "type", "values", "why"),
        column_config={
            "role": st.column_config.SelectboxColumn(
                "role (click to change)", options=options, required=True, width=160
            ),
            "values": st.column_config.TextColumn(width="medium"),
            "why": st.column_config.TextColumn(width="large"),
        },
        key=f"plan_{zlib.crc32(repr((plan.options.mapping, list(table['column']))).encode())}",
        alt="Columns of the file with their roles",
    )
    notes = [f"◆ {p}" for p in plan.problems] + [f"◌ {what}" for what in plan.lacks]
    if plan.is_zone_assumed:
        notes.insert(0, "◌ times without an offset are taken as UTC; another zone: under More")
    if notes:
        st.caption("  \n".join(map(plain, notes)))
    return changed_roles(columns, list(edited["role"]))


def _draw_question(i: int, question: Question) -> None:
    """What is open, with a button for each answer."""
    with st.container(border=True, key=f"question_{i}"):
        st.markdown(f"◆ **{plain(question.what)}**")
        found = [answer for text in question.answers for answer in ANSWER.findall(text)]
        if not found:
            st.caption("Choose its role in the table.")
            return
        with st.container(horizontal=True):
            for j, (role, column, positive) in enumerate(found):
                label = f"{column} is the {role.replace('_', ' ')}" if role else positive
                label = f"Go without {column}" if role == "ignore" else label
                said = (role, column) if role else None
                key = f"answer_{i}_{j}"
                st.button(plain(label), key=key, on_click=_answer, args=(said, positive))


@guarded("import")
def _answer(said: tuple[str, str] | None, positive: str) -> None:
    if said is None:
        st.session_state.import_positive = positive
        return
    st.session_state.import_mapping = with_roles(st.session_state.get("import_mapping", ()), [said])


def with_roles(
    mapping: Sequence[tuple[str, str]], said: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """The (role, column) pairs so far with what was said now, which counts more."""
    roles = {column: role for role, column in (*mapping, *said)}
    return tuple((role, column) for column, role in roles.items())


def role_of(column: PlanColumn) -> str:
    """The role as ``--map`` writes it."""
    return f"score_{column.class_name}" if column.class_name else column.role


def changed_roles(
    columns: Sequence[PlanColumn], roles: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """(role, column) of every column whose role is another than the plan's."""
    pairs = zip(columns, roles, strict=True)
    return tuple((role, c.name) for c, role in pairs if role != role_of(c))


def draw_job(job_id: int) -> None:
    """How far the import is while it runs; what it did when it has ended."""
    database, _settings = state()
    job = jobs.get(database, job_id)
    viewer = require("import")
    if job.actor != viewer.user:
        viewer.check("admin")
    options = job.arguments["options"]
    names = ", ".join(Path(path).name for path in job.arguments["paths"])
    st.subheader(plain(f"{names} into {options['model']}"), anchor=False)
    if job.state in RUNNING:
        _watch(job_id)
        return
    if job.state == "failed" and job.error:
        problem(TelltaleError(*job.error))
    elif job.state == "done" and job.result:
        st.markdown("  \n".join(map(plain, report_lines(job.result))))
        if job.result["aside"]:
            draw_aside(job.result["import_id"])
        step_to("overview", f"Open {options['model']}", {KEYS["model"]: options["model"]})
    else:
        st.markdown(f"{STATES[job.state]}: nothing was kept.")
    st.button("Import another", key="import_another", on_click=_again)


@st.fragment(run_every=1)
@guarded("import")
def _watch(job_id: int) -> None:
    job = jobs.get(state()[0], job_id)
    if job.state not in RUNNING:
        st.rerun(scope="app")
    text = job.message if job.state == "running" else ""
    st.progress(job.progress, text=plain(text or "Waiting for the worker"))
    why = "Cancelling" if job.is_cancelled else None
    st.button(
        "Cancel", key="cancel_import", disabled=job.is_cancelled, help=why,
        on_click=_cancel, args=(job_id,),
    )  # fmt: skip


@guarded("import")
def _cancel(job_id: int) -> None:
    viewer = require("import")
    if jobs.get(state()[0], job_id).actor != viewer.user:
        viewer.check("admin")
    jobs.cancel(state()[0], viewer.user, job_id)


@guarded("import")
def _again() -> None:
    drop_upload(state()[1], st.session_state.get("import_paths", []))
    for key in [k for k in st.session_state if str(k).startswith("import_")]:
        del st.session_state[key]


def running_job(viewer: Viewer) -> int | None:
    """The viewer's import that is still under way, so that a reload finds it again."""
    found = jobs.list_jobs(state()[0], KIND)
    own = (job.id for job in found if job.actor == viewer.user and job.state in RUNNING)
    return next(own, None)


def draw_aside(import_id: str) -> None:
    """A switch that shows the rows that an import set aside."""
    if not st.toggle("Look at the rows set aside", key=f"aside_{import_id}"):
        return
    database, settings = state()
    viewer = require("import")
    rows = open_aside(viewer, place_of(settings, database, viewer.user), import_id)
    st.dataframe(
        pd.DataFrame(
            {
                "file": [r.file for r in rows],
                "row": [r.row for r in rows],
                "reason": [r.reason for r in rows],
                "as it came": [r.raw for r in rows],
            }
        ),
        hide_index=True,
        column_config={"as it came": st.column_config.TextColumn(width="large")},
        key="aside_rows",
        alt=f"{len(rows)} rows set aside",
    )


def report_lines(report: Any) -> list[str]:
    """What an import did, in a few lines."""
    lines = [
        f"● {_rows(report['n_taken'])} taken into {report['model']} ({report['log']} {report['kind']})"
    ]
    if report["n_labels"] and report["kind"] != "labels":
        lines.append(f"● {write_count(report['n_labels'])} labels with them")
    again = report["n_label_duplicates" if report["kind"] == "labels" else "n_duplicates"]
    if again:
        lines.append(f"○ {write_count(again)} duplicate{'' if again == 1 else 's'} skipped")
    if report["n_labels_unmatched"]:
        lines.append(
            f"◌ {write_count(report['n_labels_unmatched'])} labels wait for their prediction"
        )
    lines += [f"◆ {_rows(n)} set aside: {reason}" for reason, n in report["aside"].items()]
    return lines


def _rows(n: int) -> str:
    return f"{write_count(n)} row{'' if n == 1 else 's'}"


def draw_history(models: Sequence[str]) -> None:
    """Earlier imports of the models that the viewer may import into."""
    rows = [row for row in list_imports(state()[0]) if row.model in models][:SHOWN]
    if not rows:
        return
    st.subheader("Earlier imports", anchor=False)
    has_aside = any(row.aside for row in rows)
    st.dataframe(
        pd.DataFrame(
            {
                "when (UTC)": [f"{r.finished_at:%Y-%m-%d %H:%M}" for r in rows],
                "model": [r.model for r in rows],
                "log": [f"{r.log} {r.kind}" for r in rows],
                "rows": [r.n_taken for r in rows],
                "by": [r.actor for r in rows],
                "set aside": [aside(r) for r in rows],
            }
        ),
        hide_index=True,
        key="history",
        on_select="rerun" if has_aside else "ignore",
        selection_mode="single-row",
        column_config={
            "rows": st.column_config.NumberColumn(format="localized"),
            "set aside": st.column_config.TextColumn(width="large"),
        },
        alt=f"{len(rows)} imports",
    )
    if has_aside:
        st.caption("Tick an import to look at the rows that it set aside.")
    picked = st.session_state.history.selection.rows if has_aside else []
    chosen = [rows[i] for i in picked if i < len(rows)]
    if chosen and chosen[0].aside:
        draw_aside(chosen[0].id)


def aside(row: ImportRow) -> str:
    """What an import set aside, with the reasons."""
    return "; ".join(f"{write_count(n)}: {reason}" for reason, n in row.aside.items()) or "none"
