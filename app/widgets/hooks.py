"""Webhooks on the Admin page: where replies and tickets go. Every callback asks for the right again."""

from __future__ import annotations

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.current import state
from app.feedback.outward import end_hook, make_hook
from app.feedback.services import shown
from app.feedback.signing import hook_secret
from app.feedback.weekly import ask_test
from app.monitors.telling import ask_test as ask_alert_test
from app.state.hooks import PURPOSES, STYLES, Hook, get_hook, list_deliveries, list_hooks
from app.state.models import list_models
from app.widgets.empty_state import draw_needs_model
from app.widgets.problem import problem
from app.widgets.rhythm import draw_rhythm
from app.widgets.tables import draw_list, write_minute

SAYS = {
    "reply": "replies to reporters",
    "ticket": "tickets",
    "digest": "the weekly digest",
    "alert": "alerts",
}
STYLE_SAYS = {"prometheus": "Alertmanager", "apprise": "Apprise (Slack, Teams, ...)"}
FIELDS = ("model", "name", "purpose", "style", "url", "project", "token_name")


def draw_hooks() -> None:
    """The webhooks there are, one to look at or remove, a form for a new one, what was sent."""
    database, _settings = state()
    hooks = list_hooks(database)
    if hooks:
        st.dataframe([_row(hook) for hook in hooks], hide_index=True, width="stretch")
    else:
        st.caption(
            "No webhooks yet. One sends replies to your own program, makes tickets, tells the week, or"
            " tells of incidents."
        )
    error = st.session_state.pop("hook_problem", None)
    if error is not None:
        problem(error)
    left, right = st.columns(2, gap="large")
    with left:
        _draw_one(hooks)
    with right:
        _draw_new([model.name for model in list_models(database)])
    sent = list_deliveries(database, limit=20)
    if sent:
        st.subheader("Sent last", anchor=False)
        names = {hook.id: hook.name for hook in hooks}
        rows = [
            {
                "To": names.get(d.hook_id, f"webhook {d.hook_id}"),
                "Item": d.feedback_id,
                "State": d.state,
                "Tries": d.attempts,
                "Trouble": d.error,
                "Asked (UTC)": write_minute(d.created_at),
            }
            for d in sent
        ]
        draw_list(rows, "Nothing yet.")


def _row(hook: Hook) -> dict[str, object]:
    return {
        "Webhook": hook.id,
        "Name": hook.name,
        "Model": hook.model,
        "For": SAYS[hook.purpose],
        "Style": hook.style,
        "Address": shown(hook),
        "Status comes back to": f"/api/v1/hooks/{hook.id}",
    }


def _draw_one(hooks: list[Hook]) -> None:
    st.subheader("One webhook", anchor=False)
    if not hooks:
        st.caption("There is none.")
        return
    names = {hook.id: f"{hook.id}: {hook.name}" for hook in hooks}
    chosen = st.selectbox("Webhook", list(names), format_func=names.__getitem__, key="hook_chosen")
    hook = next(hook for hook in hooks if hook.id == chosen)
    with st.container(horizontal=True, gap="small", key="hook_does"):
        with st.popover("Its secret"):
            st.caption("It signs what is sent, and must sign what comes back.")
            st.code(hook_secret(state()[1].home, chosen), language=None)
        if hook.purpose == "alert":
            draw_rhythm(hook, hooks)
        if hook.purpose in ("digest", "alert"):
            st.button("Send a test", key="hook_test", on_click=_test, args=(chosen,))
        st.button("Remove", key="hook_remove", on_click=_remove, args=(chosen,))


def _draw_new(models: list[str]) -> None:
    st.subheader("New webhook", anchor=False)
    if not models:
        draw_needs_model("A webhook")
        return
    with st.form("hook_new"):
        st.text_input("Name", key="hook_name", placeholder="support desk")
        left, right = st.columns(2)
        left.selectbox("Model", models, key="hook_model")
        right.selectbox("For", PURPOSES, format_func=SAYS.__getitem__, key="hook_purpose")
        st.text_input("Address", key="hook_url", placeholder="https:// or mailto:")
        left, middle, right = st.columns(3)
        left.selectbox(
            "Style", STYLES, key="hook_style", format_func=lambda s: STYLE_SAYS.get(s, s)
        )
        middle.text_input("Jira project", key="hook_project")
        right.text_input(
            "Token", key="hook_token_name", help="Name of a file in the folder secrets of the home"
        )
        st.form_submit_button("Make webhook", type="primary", on_click=_create)


@guarded("admin")
def _create() -> None:
    chosen = st.session_state
    values = {name: str(chosen.get(f"hook_{name}") or "") for name in FIELDS}
    try:
        make_hook(state()[0], require("admin"), values, state()[1].home)
    except TelltaleError as error:
        chosen["hook_problem"] = error


@guarded("admin")
def _test(hook_id: int) -> None:
    database, settings = state()
    try:
        with database.read() as connection:
            is_alert = get_hook(connection, hook_id).purpose == "alert"
        ask = ask_alert_test if is_alert else ask_test
        ask(database, settings, require("admin"), hook_id)
    except TelltaleError as error:
        st.session_state["hook_problem"] = error


@guarded("admin")
def _remove(hook_id: int) -> None:
    try:
        end_hook(state()[0], require("admin"), hook_id)
    except TelltaleError as error:
        st.session_state["hook_problem"] = error
