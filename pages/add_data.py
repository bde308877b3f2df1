"""Add data: a file or a path, what its columns mean, and the import with its progress."""

from __future__ import annotations

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import require
from app.auth.current import state
from app.ingest.paste import joins
from app.ingest.requests import ask_import, look_at, look_at_pasted, place_of
from app.state.models import list_models
from app.widgets import import_plan as parts
from app.widgets.problem import plain, problem

viewer = require("import")
database, settings = state()
models = viewer.models([m.name for m in list_models(database)], "import")
with st.container(horizontal=True, key="head"):
    st.title("Add data", anchor=False)
st.caption(
    "CSV, JSON, Parquet, and the logs of SageMaker, KServe, Seldon, BentoML and OpenTelemetry."
    " Nothing is kept before you have seen what the columns mean."
)

job = st.session_state.get("import_job") or parts.running_job(viewer)
if job is not None:
    st.session_state.import_job = job
    parts.draw_job(job)
    parts.draw_history(models)
    st.stop()

left, right = st.columns(2, gap="large")
with left:
    place, paths = parts.choose_files(place_of(settings, database, viewer.user))
with right:
    model = parts.choose_model(viewer, models)
    options = parts.choose_options(model or "", can_attach=st.session_state.source == parts.PATH)
is_pasted = st.session_state.source == parts.PASTE
source = "an event" if is_pasted else "a file"

if not paths or not model:
    missing = " and ".join(n for n, has in ((source, paths), ("a model", model)) if not has)
    st.caption(f"Choose {missing} to see what the columns mean.")
    parts.draw_history(models)
    st.stop()
try:
    with st.spinner("Looking at the files", show_time=True):
        if is_pasted:
            plan = look_at_pasted(viewer, place, paths[0], options)
        else:
            plan = look_at(viewer, place, paths, options)
except TelltaleError as error:
    problem(parts.without_folders(error, paths))
    st.stop()
changed = parts.draw_plan(plan)
if changed:
    st.session_state.import_mapping = parts.with_roles(options.mapping, changed)
    st.rerun()
if is_pasted:
    st.markdown(plain(f"● {joins(plan)}"))
    st.caption("This was a look at one event; nothing of it was kept.")
elif plan.questions:
    st.caption("◌ The import can begin when what is open above is answered.")
elif st.button("Import", type="primary"):
    st.session_state.import_job = ask_import(viewer, database, paths, options)
    st.rerun()
parts.draw_history(models)
