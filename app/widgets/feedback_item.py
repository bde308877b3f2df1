"""One piece of feedback: what the user saw and said, what is like it, and what came of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from analytics.errors import TelltaleError
from analytics.words import write_count, write_interval, write_moment, write_value
from app.auth import guarded, require
from app.auth.current import state
from app.cache import desk
from app.feedback.linking import link
from app.feedback.reading import Judged, alike, columns_of, open_judged
from app.settings import settings_in_force
from app.state.feedback import Item, read_item
from app.state.triage import thread_of
from app.widgets.empty_state import link_to
from app.widgets.prediction import is_blank
from app.widgets.problem import plain, problem
from app.widgets.tables import data_table

if TYPE_CHECKING:
    from app.widgets.view import View

OWN = ("prediction_id", "timestamp", "model_version", "prediction", "score", "label")
BESIDE = ("latency_ms", "status", "error_type", "error_message")
MOST_FEATURES = 8
WORDS = {
    "new": "new",
    "triaged": "triaged",
    "in_progress": "in progress",
    "resolved": "resolved",
    "wont_fix": "won't fix",
    "duplicate": "duplicate",
    "spam": "spam",
}
SHAPES = {
    "new": ":blue-badge[○ new]",
    "triaged": ":blue-badge[◐ triaged]",
    "in_progress": ":orange-badge[◑ in progress]",
    "resolved": ":green-badge[● resolved]",
    "wont_fix": ":gray-badge[● won't fix]",
    "duplicate": ":gray-badge[≡ duplicate]",
    "spam": ":gray-badge[✕ spam]",
}


def tone(item: Item) -> str:
    """How the user felt, as shape and word."""
    if item.is_negative is None:
        return ":gray-badge[◌ no judgement]"
    return ":red-badge[▲ negative]" if item.is_negative else ":green-badge[● positive]"


def with_link(view: View, item: Item) -> Item:
    """The item, joined to its prediction where that has arrived by now."""
    if not item.prediction_id or item.link == "linked":
        return item
    database = state()[0]
    found = link(desk().engine, database, view.dataset, item.id)
    return read_item(database, item.id) if found else item


def draw_item(view: View, item: Item) -> Judged | None:
    """What was said, and what it was said about."""
    zone = settings_in_force().text("display_zone")
    facts = [write_moment(item.created_at, zone), f"by {item.source}"]
    facts += [f"user {item.user_id[:12]}"] if item.user_id else []
    facts += ["simulated"] if item.is_simulated else []
    st.markdown(f"{SHAPES[item.status]} {tone(item)} :gray[{plain(' · '.join(facts))}]")
    if item.comment:
        with st.container(border=True, key="said"):
            st.text(item.comment, width="stretch")
    said = [f"**{plain(item.key)}**"]
    if item.score is not None:
        said.append(f"score {item.score:g}")
    if item.value is not None:
        said.append(plain(f"“{_words(item.value)}”"))
    st.markdown(" · ".join(said))
    judged = _judged(view, item)
    _draw_correction(item, judged)
    if judged is not None:
        _draw_row(judged)
    elif item.prediction_id:
        st.caption(
            f"◌ Prediction {plain(item.prediction_id)} is not in the log yet; the item is linked when it arrives."
        )
    else:
        st.caption(plain(f"Said about a {item.target_type}: {item.target_id}"))
    return judged


def _judged(view: View, item: Item) -> Judged | None:
    if not item.prediction_id:
        return None
    key = ("judged", item.id, view.dataset.fingerprint)
    seen: dict[Any, Judged | None] = st.session_state.setdefault("_judged", {})
    if key not in seen:
        seen.clear()  # one row at a time: a session is no cache of the log
        place = (desk().engine, state()[0], view.dataset)
        seen[key] = open_judged(*place, view.viewer, item)
    return seen[key]


def _draw_correction(item: Item, judged: Judged | None) -> None:
    if judged is None and item.correction is None:
        return
    row = judged.row if judged is not None else {}
    model, user, truth = st.columns(3)
    score = row.get("score")
    sure = "" if score is None or is_blank(score) else f" ({write_value(float(score), 'score')})"
    said = _words(row.get("prediction")) if row else "not logged"
    model.markdown(f"**{plain(said + sure)}**  \n:gray[the model said]")
    meant = "–" if item.correction is None else _words(item.correction)
    differs = item.correction is not None and row and _words(item.correction) != said
    mark = ":orange[≠] " if differs else ""
    user.markdown(f"{mark}**{plain(meant)}**  \n:gray[the user says]")
    label = row.get("label")
    known = "not known yet" if is_blank(label) else _words(label)
    right = {True: "● right", False: "▲ wrong", None: ""}[judged.is_right if judged else None]
    truth.markdown(f"**{plain(known)}** {right}  \n:gray[the label now]")


def _draw_row(judged: Judged) -> None:
    row = judged.row
    names = [n for n in row if n not in (*OWN, *BESIDE) and not n.startswith("score_")]
    facts = [f"{plain(str(row['prediction_id']))}"]
    if row.get("model_version"):
        facts.append(f"version {plain(str(row['model_version']))}")
    st.caption(" · ".join(facts))
    shown = {n: row[n] for n in names[:MOST_FEATURES]}
    if shown:
        table = {"feature": list(shown), "value": [_words(v) for v in shown.values()]}
        with st.expander(
            f"What the model saw ({write_count(len(names))} features)", type="compact"
        ):
            more = {n: row[n] for n in names}
            data_table(
                {"feature": list(more), "value": [_words(v) for v in more.values()]}
                if len(names) > MOST_FEATURES
                else table,
                key="judged_row",
            )


def draw_alike(view: View, judged: Judged | None) -> None:
    """How many others were said about rows of the same value, and how many of them negative."""
    if judged is None:
        return
    columns = [c for c in columns_of(view.dataset) if not is_blank(judged.row.get(c))]
    if not columns:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        column = st.selectbox(
            "Same", columns, key="alike_column", label_visibility="collapsed", width=150
        )
        value = _words(judged.row[column])
        found = alike(desk().engine, view.dataset, column, value)
        n = max(0, int(found.detail.get("n_items", 0)) - 1)
        span = write_interval(found.low, found.high, "rate")
        rate = f", {write_value(found.value, 'rate')} of {found.n} judgements negative ({span})" if found.n else ""  # fmt: skip
        st.markdown(
            f"{n} other{'' if n == 1 else 's'} with {plain(f'{column} = {value}')}{plain(rate)}"
        )
        segment = {"seg": f"{column} = {_quoted(value)}", "m": view.model}
        if column not in ("prediction",):
            link_to("slices", "Open the slice", segment)


def draw_thread(item: Item) -> None:
    """Notes, replies and steps, the oldest first."""
    entries = thread_of(state()[0], item.id)
    for entry in entries:
        when = _short(entry.at)
        if entry.kind == "step":
            undone = " (taken back)" if entry.is_undone else ""
            st.caption(plain(f"{when} · {entry.author} {entry.text}{undone}"))
            continue
        to = " to the reporter" if entry.kind == "reply" else ""
        st.markdown(f":gray[{plain(f'{when} · {entry.author}{to}')}]")
        st.text(entry.text)


def draw_fixed(view: View, item: Item, judged: Judged | None) -> None:
    """A closed item: what fixed it, and whether its row and its slice are right now."""
    if item.is_open or item.status in ("spam", "duplicate"):
        return
    by = f"fixed by {item.fixed_by}" if item.fixed_by else "nothing is named that fixed it"
    st.markdown(f"**{WORDS[item.status].capitalize()}**: {plain(by)}")
    if item.resolution:
        st.text(item.resolution)
    if judged is not None:
        word = {True: "● right", False: "▲ still wrong", None: "◌ not known: no label yet"}
        st.caption(f"This row, as its version answered it: {word[judged.is_right]}")
    draw_slice_now(view, item, judged)


def draw_slice_now(view: View, item: Item, judged: Judged | None) -> None:
    """The main metric of the item's group of rows: under its version, and under the newest."""
    from app.widgets.choices import headline_metrics

    columns = [c for c in columns_of(view.dataset) if judged and not is_blank(judged.row.get(c))]
    if judged is None or not columns or columns[0] == "prediction" or not view.versions:
        return
    column = columns[0]
    segment = f"{column} = {_quoted(_words(judged.row[column]))}"
    names = headline_metrics(view)[:1]
    if not names:
        return
    lines = []
    for version in dict.fromkeys((item.model_version, view.versions[-1])):
        if version is None:
            continue
        try:
            found = view.ask(
                "performance", names=names, segment=segment, version=version, window="all"
            )
        except TelltaleError as error:
            problem(error)
            return
        result = next((r for r in found if r.value is not None), None)
        if result is None:
            lines.append(f"version {version}: no labels of this slice yet")
            continue
        unit = "score"
        span = write_interval(result.low, result.high, unit)
        lines.append(
            f"version {version}: {result.detail.get('label', result.name)} "
            f"{write_value(result.value, unit)} ({span}, {write_count(result.n_labelled or 0)} labels)"
        )
    st.caption(plain(f"Its slice {segment}: " + "; ".join(lines)))


@guarded("feedback")
def save_note(item_id: str) -> None:
    """Keep what was written under the item."""
    from app.feedback.verbs import add_note

    text = str(st.session_state.get("note_text", ""))
    try:
        add_note(state()[0], require("feedback"), item_id, text)
    except TelltaleError as error:
        st.session_state["inbox_problem"] = error
        return
    st.session_state["inbox_noting"] = False
    st.session_state["inbox_said"] = "The note is kept."


def _words(value: Any) -> str:
    if is_blank(value):
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else write_value(value)
    return str(value) if isinstance(value, int | bool) else json.dumps(value, default=str)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _short(moment: datetime) -> str:
    return write_moment(moment, settings_in_force().text("display_zone"))
