"""Labels as files: out in four shapes and in again, and a training set with weights."""

from __future__ import annotations

import io
import tempfile
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_count
from app.auth import guarded, require
from app.auth.current import read_token
from app.cache import desk
from app.widgets.problem import plain, problem

if TYPE_CHECKING:
    from app.state.labels import Project
    from app.widgets.view import View

# format: (words on the button, ending, what it is for)
FORMATS = {
    "jsonl": ("JSONL", "jsonl", "One row an answer; imported again it is the same."),
    "csv": ("CSV", "csv", "One row an answer, for a spreadsheet."),
    "label-studio": ("Label Studio", "json", "Tasks with annotations and predictions."),
    "huggingface": ("Hugging Face", "zip", "A folder for load_dataset: Parquet and a card."),
}
Kind = Literal["parquet", "csv"]
KINDS: tuple[Kind, ...] = ("parquet", "csv")
READABLE = ("jsonl", "csv", "label-studio")
MOST_REFUSED = 20


def draw_files(view: View, project: Project) -> None:
    """Export and import on the left, the training set on the right."""
    left, right = st.columns(2, gap="large")
    with left:
        if view.viewer.may("export", view.model):
            _draw_export(view, project)
        _draw_import(view, project)
    with right:
        if view.viewer.may("export", view.model):
            _draw_training(view)


def _draw_export(view: View, project: Project) -> None:
    st.subheader("Export", anchor=False)
    st.caption("Every task and answer, with who, when, comments, skips and what the model said.")
    token = read_token()
    with st.container(horizontal=True):
        for kind, (word, ending, what) in FORMATS.items():
            st.download_button(
                word, partial(export_file, view.model, project, kind, token),
                file_name=f"{view.model}-labels.{ending}", key=f"export_{kind}", help=what,
                on_click="ignore",
            )  # fmt: skip


def export_file(model: str, project: Project, kind: str, token: str | None) -> bytes:
    """The file of a download button; asked at the click, outside of any run: the token says who."""
    from app.labelling.exchange import export_project
    from app.labelling.formats import write_file, write_folder

    viewer = require("export", model, token)
    rows = export_project(desk().database, viewer, project.id)
    if kind != "huggingface":
        return write_file(kind, project, rows)
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(out, "w") as archive:
        for path in write_folder(project, rows, Path(folder)):
            archive.write(path, path.relative_to(folder))
    return out.getvalue()


def _draw_import(view: View, project: Project) -> None:
    st.subheader("Import", anchor=False)
    kind = st.segmented_control(
        "Format", READABLE, default="jsonl", required=True, key="labels_kind",
        format_func=lambda name: FORMATS[name][0],
    )  # fmt: skip
    file = st.file_uploader("File", ["jsonl", "json", "csv"], key="labels_file")

    @guarded("review", view.model)
    def bring() -> None:
        from app.labelling.exchange import import_rows
        from app.labelling.formats import read_file

        state, content = desk(), st.session_state.labels_file
        try:
            rows = read_file(str(kind), content.getvalue())
            done = import_rows(state.engine, state.database, view.viewer, project.id, rows)
            st.session_state["labels_said"] = done
        except TelltaleError as error:
            st.session_state["labels_said"] = error

    st.button("Import labels", key="labels_bring", on_click=bring, disabled=file is None,
              help=None if file is not None else "Choose a file first")  # fmt: skip
    _draw_said(st.session_state.pop("labels_said", None))


def _draw_said(said: Any) -> None:
    if isinstance(said, TelltaleError):
        problem(said)
    elif said is not None:
        counts = f"{write_count(said.n_tasks)} new tasks, {write_count(said.n_answers)} new answers"
        known = f", {write_count(said.n_known)} known already" if said.n_known else ""
        st.markdown(plain(f"● {counts}{known}."))
        if said.refused:
            st.markdown(plain(f"◆ {write_count(len(said.refused))} rows were not taken:"))
            rows = [{"row": at + 1, "why": plain(why)} for at, why in said.refused[:MOST_REFUSED]]
            st.table(rows, border="horizontal", hide_index=True)


def _draw_training(view: View) -> None:
    st.subheader("Training set", anchor=False)
    st.caption(
        "Labelled rows of the sidebar's selection: features, label, weight (1 over the chance of"
        " being chosen, where it is known) and where each label came from."
    )
    has_sensitive = any(c.is_sensitive for c in view.dataset.schema.features)
    with_sensitive = has_sensitive and st.checkbox("With sensitive columns", key="train_sensitive")
    asked, token = view.asked(reference="none"), read_token()

    def file_of(kind: Kind) -> bytes:
        from app.labelling.training import Wanted, export_training

        viewer, state = require("export", view.model, token), desk()
        wanted = Wanted(asked, kind, bool(with_sensitive))
        return export_training(state.engine, state.database, viewer, view.model, wanted).content

    with st.container(horizontal=True):
        for kind in KINDS:
            st.download_button(
                f"Training set ({kind})", partial(file_of, kind), on_click="ignore",
                file_name=f"{view.model}-training.{kind}", key=f"train_{kind}",
            )  # fmt: skip
