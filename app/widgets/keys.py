"""API keys on the Admin page. Every callback asks for the right again."""

from __future__ import annotations

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.current import state
from app.auth.keys import create_key, end_key, keys_of
from app.state.keys import KINDS, ApiKey
from app.state.models import list_models
from app.widgets.empty_state import draw_needs_model
from app.widgets.problem import plain, problem
from app.widgets.tables import draw_list, write_minute


def draw_keys() -> None:
    """The keys there are, one to revoke, and a form for a new one."""
    database, _settings = state()
    viewer = require("admin")
    keys = keys_of(database, viewer)
    nothing = "No keys yet. A key lets one program send one kind of log of one model."
    draw_list([_row(key) for key in keys], nothing)
    _draw_outcome()
    left, right = st.columns(2, gap="large")
    with left:
        _draw_revoke([key for key in keys if key.revoked_at is None])
    with right:
        _draw_new([model.name for model in list_models(database)])


def _row(key: ApiKey) -> dict[str, object]:
    return {
        "Key": key.id,
        "Name": key.name,
        "Model": key.model,
        "Sends": key.kind,
        "Reads back": "yes" if key.may_read else "no",
        "Made by": key.created_by,
        "Made (UTC)": write_minute(key.created_at),
        "Last used (UTC)": write_minute(key.last_used_at),
        "Status": "open" if key.revoked_at is None else "revoked",
    }


def _draw_revoke(keys: list[ApiKey]) -> None:
    st.subheader("Revoke a key", anchor=False)
    if not keys:
        st.caption("There is no open key.")
        return
    names = {key.id: f"{key.id}: {key.name} ({key.kind} of {key.model})" for key in keys}
    chosen = st.selectbox("Key", list(names), format_func=names.__getitem__, key="key_chosen")
    st.button(
        "Revoke",
        key="key_revoke",
        on_click=_revoke,
        args=(chosen,),
        help="Requests with this key are refused from now on; this cannot be undone.",
    )


def _draw_new(models: list[str]) -> None:
    st.subheader("New key", anchor=False)
    if not models:
        draw_needs_model("A key")
        return
    with st.form("key_new"):
        st.text_input("Name", key="key_name", placeholder="booking website")
        model, kind = st.columns(2)
        model.selectbox("Model", models, key="key_model")
        kind.selectbox("Sends", KINDS, key="key_kind")
        st.checkbox("May also read back what was sent", key="key_read")
        st.form_submit_button("Make key", type="primary", on_click=_create)


def _draw_outcome() -> None:
    outcome = st.session_state.pop("key_outcome", None)
    if isinstance(outcome, TelltaleError):
        problem(outcome)
    elif outcome is not None:
        name, secret = outcome
        with st.container(border=True):
            st.markdown(f"Key of **{plain(name)}**. It is shown only now.")
            st.code(secret, language=None)


@guarded("admin")
def _create() -> None:
    chosen = st.session_state
    arguments = (str(chosen.key_model), str(chosen.key_kind), str(chosen.key_name))
    try:
        key, secret = create_key(
            state()[0], require("admin"), *arguments, may_read=bool(chosen.key_read)
        )
    except TelltaleError as error:
        chosen["key_outcome"] = error
    else:
        chosen["key_outcome"] = (key.name, secret)


@guarded("admin")
def _revoke(key_id: int) -> None:
    try:
        end_key(state()[0], require("admin"), key_id)
    except TelltaleError as error:
        st.session_state["key_outcome"] = error
