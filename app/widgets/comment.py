"""Comment on this: a thumb and a few words on a prediction, a slice or a chart, beside it."""

from __future__ import annotations

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.current import state
from app.feedback.verbs import give
from app.session import KEYS
from app.state.feedback import Given, Target
from app.widgets.problem import problem

MOST_PARAMS = 20


def draw_comment(target: Target, target_id: str, model: str | None = None) -> None:
    """The button and its form; what is sent stands in the inbox with the link to where it was said.

    Without a model it is that of the page's link. Opening the box runs only the box.
    """
    key = f"comment_{target}_{target_id}"

    @st.fragment
    @guarded("view", model or _model())
    def draw() -> None:
        with st.popover("Comment", key=key, type="tertiary", on_change="rerun") as box:
            if not box.open:
                return
            error = st.session_state.pop(f"{key}_problem", None)
            if error is not None:
                problem(error)
            if st.session_state.pop(f"{key}_done", False):
                st.caption("Thank you. It stands in the inbox of the page Feedback.")
                return
            st.feedback("thumbs", key=f"{key}_thumb")
            st.text_area(
                "Comment on this", key=f"{key}_text", height=90, label_visibility="collapsed",
                placeholder="What is wrong, or right, about this?",
            )  # fmt: skip
            arguments = (key, target, target_id, model)
            st.button("Send", key=f"{key}_send", type="primary", on_click=_send, args=arguments)

    with st.container(width="content"):
        draw()


@guarded("view")
def _send(key: str, target: Target, target_id: str, model: str | None) -> None:
    chosen = st.session_state
    thumb, text = chosen.get(f"{key}_thumb"), str(chosen.get(f"{key}_text") or "")
    database = state()[0]
    viewer = require("view")
    params = {k: str(v)[:300] for k, v in list(st.query_params.to_dict().items())[:MOST_PARAMS]}
    said = Given(
        key="comment",
        prediction_id=target_id if target == "prediction" else "",
        score=None if thumb is None else float(thumb),
        comment=text.strip(),
        target_type=target,
        target_id="" if target == "prediction" else target_id[:300],
        url_params=params,
    )
    try:
        give(database, viewer, model or _model(), said)
    except TelltaleError as error:
        chosen[f"{key}_problem"] = error
    else:
        chosen[f"{key}_done"] = True


def _model() -> str:
    from app.widgets.view import selected_model

    return st.query_params.get(KEYS["model"]) or selected_model(require("view")) or ""
