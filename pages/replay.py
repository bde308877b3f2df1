"""Replay: a log walked in time, the incidents that it would have raised, beside the alerts of other rules."""

from __future__ import annotations

from app.auth import require
from app.widgets.header import draw_header
from app.widgets.replay import draw_replay
from app.widgets.view import open_view, selected_model

view = open_view(require("view", selected_model(require("view"))), "Replay")
draw_replay(view, draw_header(view))
