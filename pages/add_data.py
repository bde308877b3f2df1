"""Add data: a file or a path, what its columns mean, and the import with its progress."""

from __future__ import annotations

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.current import state
from app.ingest.requests import ask_import, drop_upload, keep_upload, look_at, place_of
from app.ingest.words import ImportOptions
from app.state.models import list_models
from app.widgets.import_plan import draw_history, draw_job, draw_plan
from app.widgets.problem import problem

viewer = require("import")
database, settings = state()
models = viewer.models([m.name for m in list_models(database)], "import")
st.title("Add data", anchor=False)
st.caption("CSV, JSON lines or Parquet. Nothing is kept before you have seen what the columns mean.")


@guarded("import")
def take_upload() -> None:
    """Keep the uploaded files where only the import finds them."""
    settings_now, uploads = state()[1], st.session_state.upload
    drop_upload(settings_now, st.session_state.get("import_paths", []))
    kept = [keep_upload(require("import"), settings_now, file.name, file) for file in uploads]
    st.session_state.import_paths = [str(path) for path in kept]
    st.session_state.import_mapping = ()


if "import_job" in st.session_state:
    draw_job(st.session_state.import_job)
    draw_history(models)
    st.stop()

left, right = st.columns(2, gap="large")
with left:
    source = st.segmented_control(
        "From", ("upload", "path on the server"), default="upload", key="source", required=True
    )
    if source == "upload":
        st.file_uploader(
            "Files", accept_multiple_files=True, key="upload", on_change=take_upload,
            type=("csv", "tsv", "gz", "jsonl", "ndjson", "json", "parquet", "pq"),
        )  # fmt: skip
        paths = list(st.session_state.get("import_paths", []))
    else:
        path = st.text_input("File, folder or glob", placeholder="/data/logs/2024-*.parquet")
        roots = settings.text("import_roots").replace(":", ", ") or "none: set TELLTALE_IMPORT_ROOTS"
        st.caption(f"Folders that may be read: {roots}")
        paths = [path] if path else []
with right:
    model = st.selectbox("Model", models, index=None, accept_new_options=True, placeholder="Choose or name one")
    log = st.segmented_control("Into", ("production", "reference"), default="production", required=True)
    kind = st.segmented_control("Rows are", ("found", "predictions", "labels"), default="found", required=True)
    with st.expander("More"):
        positive = st.text_input("Positive class", placeholder="found from the values")
        zone = st.text_input("Time zone of times without an offset", placeholder="UTC")
        task = st.selectbox("Task", ("found", "binary", "multiclass", "regression", "none"))
        attach = st.checkbox("Read Parquet where it stands (copy nothing)", disabled=source == "upload")

if not paths or not model:
    st.caption("Choose a file and a model to see what the columns mean.")
    draw_history(models)
    st.stop()
options = ImportOptions(
    model=model,
    kind=None if kind == "found" else kind,
    log=log or "production",
    mapping=tuple(st.session_state.get("import_mapping", ())),
    positive=positive or None,
    timezone=zone or None,
    task=None if task == "found" else task,
    is_attached=attach,
)
try:
    with st.spinner("Looking at the files", show_time=True):
        plan = look_at(viewer, place_of(settings, database, viewer.user), paths, options)
except TelltaleError as error:
    problem(error)
    st.stop()
changed = draw_plan(plan)
if changed:
    known = {column: role for role, column in options.mapping} | {c: r for r, c in changed}
    st.session_state.import_mapping = tuple((role, column) for column, role in known.items())
    st.session_state.pop("plan_table", None)
    st.rerun()
why = "Answer what is open first." if plan.questions else None
if st.button("Import", type="primary", disabled=bool(plan.questions), help=why):
    st.session_state.import_job = ask_import(viewer, database, paths, options)
    st.rerun()
draw_history(models)
