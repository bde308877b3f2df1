"""When a webhook for alerts is told: at once or in a digest, quiet hours, who comes next. For admins."""

from __future__ import annotations

from datetime import time
from typing import get_args

import streamlit as st

from analytics.errors import TelltaleError
from app.auth import guarded, require
from app.auth.current import state
from app.monitors.verbs import choose_rhythm
from app.state.hooks import Hook
from app.state.rhythms import How, Rhythm, rhythm_of
from app.state.spans import DAYS
from app.widgets.weekdays import ZONES, minutes_between, say_days

SAYS = {"each": "Each step at once", "daily": "One digest a day", "weekly": "One digest a week"}
NOBODY = 0


def draw_rhythm(hook: Hook, hooks: list[Hook]) -> None:
    """A popover with the rhythm of one webhook."""
    rhythm = rhythm_of(state()[0], hook.id)
    with st.popover("When it is told"), st.form(f"rhythm_{hook.id}", border=False):
        key = f"rhythm_{hook.id}"
        hows = list(get_args(How))
        left, middle, right = st.columns(3)
        left.selectbox(
            "Told", hows, hows.index(rhythm.how), format_func=SAYS.__getitem__, key=f"{key}_how"
        )
        middle.number_input("Digest at (hour)", 0, 23, rhythm.hour, key=f"{key}_hour")
        zones = list(dict.fromkeys((rhythm.zone, *ZONES)))
        right.selectbox("Zone", zones, key=f"{key}_zone", accept_new_options=True)
        _draw_quiet(rhythm, key)
        others = {NOBODY: "nobody"} | {
            h.id: h.name for h in hooks
            if h.model == hook.model and h.purpose == "alert" and h.id != hook.id
        }  # fmt: skip
        left, right = st.columns(2)
        at = list(others).index(rhythm.next_hook or NOBODY) if rhythm.next_hook in others else 0
        left.selectbox(
            "If nobody looks after it, tell", list(others), at, key=f"{key}_next",
            format_func=others.__getitem__,
        )  # fmt: skip
        right.number_input("After (minutes)", 1, 10_080, rhythm.next_after, key=f"{key}_after")
        st.form_submit_button("Keep", type="primary", on_click=_keep, args=(hook.id,))


def _draw_quiet(rhythm: Rhythm, key: str) -> None:
    begin = rhythm.quiet_start
    end = (begin + rhythm.quiet_minutes) % (24 * 60)
    st.multiselect(
        "Quiet hours on", list(DAYS), list(rhythm.quiet_days), key=f"{key}_days",
        format_func=say_days, placeholder="No quiet hours",
    )  # fmt: skip
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    left.time_input("From", time(begin // 60, begin % 60), key=f"{key}_from")
    middle.time_input("To", time(end // 60, end % 60), key=f"{key}_to")
    right.checkbox("Critical ones come through", rhythm.lets_critical, key=f"{key}_critical")


@guarded("admin")
def _keep(hook_id: int) -> None:
    chosen, key = st.session_state, f"rhythm_{hook_id}"
    begin, minutes = minutes_between(chosen[f"{key}_from"], chosen[f"{key}_to"])
    following = int(chosen[f"{key}_next"])
    rhythm = Rhythm(
        how=chosen[f"{key}_how"], hour=int(chosen[f"{key}_hour"]), zone=str(chosen[f"{key}_zone"]),
        quiet_days="".join(sorted(chosen[f"{key}_days"])), quiet_start=begin,
        quiet_minutes=minutes, lets_critical=bool(chosen[f"{key}_critical"]),
        next_hook=None if following == NOBODY else following,
        next_after=int(chosen[f"{key}_after"]),
    )  # fmt: skip
    try:
        choose_rhythm(state()[0], require("admin"), hook_id, rhythm)
    except TelltaleError as error:
        chosen["hook_problem"] = error
