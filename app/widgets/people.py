"""Users and their grants on the Admin page. Every callback asks for the right again."""

from __future__ import annotations

from typing import Any

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.accounts import (
    create_account,
    give_grant,
    reset_password,
    set_account_active,
    take_grant,
)
from app.auth.current import state
from app.auth.rights import ROLE_TITLES
from app.state.grants import EVERY_MODEL, Grant, list_grants
from app.state.models import list_models
from app.state.users import User, list_users
from app.widgets.problem import plain, problem
from app.widgets.tables import draw_list, write_minute

MODEL_TITLES = {EVERY_MODEL: "every model"}


def draw_people() -> None:
    """The users, one of them with actions and grants, and a form for a new one."""
    users = list_users(state()[0])
    draw_list([_row(user) for user in users], "No users yet.")
    _draw_outcome()
    left, right = st.columns(2, gap="large")
    with left:
        _draw_user(users)
    with right:
        _draw_new()


def _row(user: User) -> dict[str, Any]:
    with state()[0].read() as connection:
        grants = list_grants(connection, user.id)
    named = (f"{role_title(g.role)} on {_title(g.model)}" for g in grants)
    status = "demo" if user.is_demo else "one-time password" if user.must_change_password else ""
    return {
        "User": user.name,
        "Name": user.display_name,
        "Home": role_title(user.role),
        "Grants": ", ".join(named) or "none",
        "Status": "closed" if not user.is_active else status or "open",
        "Since (UTC)": write_minute(user.created_at),
    }


def _draw_user(users: list[User]) -> None:
    st.subheader("One user", anchor=False)
    name = st.selectbox("User", [user.name for user in users], key="admin_user")
    user = next(user for user in users if user.name == name)
    with st.container(horizontal=True):
        label = "Close account" if user.is_active else "Open account"
        change = not user.is_active
        st.button(label, key="admin_active", on_click=_activate, args=(name, change))
        st.button(
            "New one-time password",
            key="admin_reset",
            on_click=_reset,
            args=(name,),
            disabled=user.is_demo,
            help="Demo users have no password." if user.is_demo else None,
        )
    _draw_grants(user)


def _draw_grants(user: User) -> None:
    database, _settings = state()
    with database.read() as connection:
        grants = list_grants(connection, user.id)
    if not grants:
        st.caption("No grants: this user sees the Account page and nothing else.")
    for grant in grants:
        with st.container(horizontal=True, vertical_alignment="center"):
            text = f"{role_title(grant.role)} on {_title(grant.model)}"
            st.markdown(plain(text), width="stretch")
            key = f"take_{user.name}_{grant.role}_{grant.model}"
            st.button("Take away", key=key, on_click=_take, args=(user.name, grant))
    with st.form("admin_grant", border=False):
        role, model = st.columns(2)
        role.selectbox("Role", list(ROLE_TITLES), format_func=role_title, key="grant_role")
        models = [EVERY_MODEL, *(m.name for m in list_models(database))]
        model.selectbox("Model", models, format_func=_title, key="grant_model")
        st.form_submit_button("Grant", on_click=_give, args=(user.name,))


def _draw_new() -> None:
    st.subheader("New user", anchor=False)
    with st.form("admin_new"):
        st.text_input("User name", key="new_name", placeholder="jane.doe")
        st.text_input("Name", key="new_title", placeholder="Jane Doe")
        st.selectbox(
            "Home",
            list(ROLE_TITLES),
            format_func=role_title,
            key="new_role",
            help="Which menu the person gets. What they may see comes from grants.",
        )
        st.form_submit_button("Create user", type="primary", on_click=_create)


def _draw_outcome() -> None:
    outcome = st.session_state.pop("admin_outcome", None)
    if isinstance(outcome, TelltaleError):
        problem(outcome)
    elif outcome is not None:
        name, password = outcome
        with st.container(border=True):
            st.markdown(f"One-time password of **{plain(name)}**. It is shown only now.")
            st.code(password, language=None)


@guarded("admin")
def _create() -> None:
    chosen = st.session_state
    name = str(chosen.new_name)
    _try(
        lambda db, viewer: create_account(db, viewer, name, chosen.new_role, chosen.new_title),
        name,
    )


@guarded("admin")
def _reset(name: str) -> None:
    _try(lambda db, viewer: reset_password(db, viewer, name), name)


@guarded("admin")
def _activate(name: str, is_active: bool) -> None:
    _try(lambda db, viewer: set_account_active(db, viewer, name, is_active))


@guarded("admin")
def _give(name: str) -> None:
    grant = Grant(st.session_state.grant_role, st.session_state.grant_model)
    _try(lambda db, viewer: give_grant(db, viewer, name, grant))


@guarded("admin")
def _take(name: str, grant: Grant) -> None:
    _try(lambda db, viewer: take_grant(db, viewer, name, grant))


def _try(action: Any, name: str = "") -> None:
    """Do it as the viewer; what came of it is drawn by the run that follows the callback."""
    try:
        password = action(state()[0], require("admin"))
    except TelltaleError as error:
        st.session_state["admin_outcome"] = error
        return
    if password is not None:
        st.session_state["admin_outcome"] = (name, password)


def role_title(role: str) -> str:
    """How people call the role."""
    return ROLE_TITLES.get(role, role)


def _title(model: str) -> str:
    return MODEL_TITLES.get(model, model)
