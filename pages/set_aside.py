"""Set aside: rows that were refused on their way in, by reason, to be mended and sent again."""

from __future__ import annotations

import streamlit as st

from analytics.words import write_count
from app.auth import require
from app.auth.current import state
from app.letters import list_groups
from app.widgets.letters import draw_group, draw_list, draw_said

viewer = require("import")
database, _settings = state()
with st.container(horizontal=True, key="head"):
    st.title("Set aside", anchor=False)
groups = list_groups(viewer, database)
left = sum(group.n_left for group in groups)
if not groups:
    st.caption("Nothing was refused on its way in: every row that came stands in a log.")
    st.stop()
draw_said()
models = len({group.model for group in groups if group.n_left})
of = f"of {models} model{'' if models == 1 else 's'}"
rows = f"{write_count(left)} row{'' if left == 1 else 's'}"
waits = (
    f"{rows} {of} wait{'s' if left == 1 else ''} for somebody."
    if left
    else "No row waits for anybody."
)
st.caption(
    f"{waits} Nothing that came is lost: mend it and send it again, or say that it is not wanted."
)
chosen = draw_list(groups)
if chosen is not None:
    draw_group(chosen)
