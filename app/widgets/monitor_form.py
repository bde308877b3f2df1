"""The fields of one monitor: what it asks, when it fires; the rest behind a fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import streamlit as st

from analytics.catalog import headline_names, offered
from analytics.evaluate.alarms import detectable
from analytics.explain.detectors import DETECTORS, is_installed
from analytics.monitors.kinds import KINDS, Asks
from analytics.monitors.policy import PATIENCE, Monitor, Rule, Severity
from app.monitors.policies import default_monitors
from app.widgets.choices import say_number

if TYPE_CHECKING:
    from app.widgets.view import View

SAYS = {
    "change": "moves against the reference", "above": "is above", "below": "is below",
    "promise": "breaks the promise of", "adwin": "sets off ADWIN",
    "page_hinkley": "sets off Page-Hinkley",
}  # fmt: skip
ASKS = {"label_coverage": "label coverage"}
EVERY = ("week", "day", "hour", "month")
GROUPS = ("categorical", "boolean", "numeric")


def fresh(view: View) -> Monitor:
    """Good defaults: the main metric by the period that a default monitor has."""
    plain_ones = default_monitors(view.dataset)
    first = plain_ones[0]
    return Monitor("New monitor", view.model, first.question, first.names, every=first.every,
                   reference=first.reference, hold=2)  # fmt: skip


def draw_fields(view: View, start: Monitor, key: str) -> dict[str, Any]:
    """The fields; the values as a policy file has them."""
    left, middle, right = st.columns(3, gap="small")
    values: dict[str, Any] = {"model": view.model}
    values["name"] = left.text_input("Name", start.name, key=f"{key}_name", max_chars=80)
    asks = list(get_args(Asks))
    question: Asks = middle.selectbox(
        "Asks about", asks, asks.index(start.question), key=f"{key}_asks",
        format_func=lambda word: ASKS.get(word, word),
    )  # fmt: skip
    values["question"] = question
    rules = rules_of(view, start, question)
    chosen = st.session_state.get(_rule_key(key, rules), start.rule)
    _draw_names(
        view, start, (question, chosen if chosen in DETECTORS else ""), (right, key, values)
    )
    if question == "slice":
        values["segment"] = st.text_input(
            "Slice", start.segment or "", key=f"{key}_slice", placeholder="origin = 'JFK'",
            help="Compared with all other rows, unless Compare with says otherwise",
        )  # fmt: skip
    if question == "fairness":
        values["columns"] = _draw_groups(view, start, key)
    _draw_condition(start, question, (key, rules), values)
    with st.expander("More", key=f"{key}_more", type="compact"):
        _draw_more(start, question, key, values)
    return {k: v for k, v in values.items() if v not in (None, "", [])}


def _draw_names(
    view: View, start: Monitor, asked: tuple[Asks, str], place: tuple[Any, str, dict[str, Any]]
) -> None:
    """The numbers: all of the question, or those that a detector can walk over."""
    (question, detector), (right, key, values) = asked, place
    names = names_of(view, question)
    if detector:
        names = [n for n in detectable(view.dataset) if n in names]
    shown = [n for n in start.names if n in names] if question == start.question else []
    is_metric = question in ("performance", "slice", "estimate")
    usual = names[:1] if detector else list(headline_names(view.dataset.schema)[:1])
    shown = shown or (usual if is_metric else [])
    values["names"] = right.multiselect(
        "Numbers", names, shown, key=f"{key}_{question}{detector}_names", placeholder="All of them",
        format_func=lambda name: say_number(view.dataset.schema, name),
    )  # fmt: skip


def rules_of(view: View, start: Monitor, question: Asks) -> list[Rule]:
    """The conditions that suit a question; detectors where their extra is installed."""
    found: list[Rule] = [
        rule for rule in get_args(Rule) if KINDS[question].is_compared or rule != "change"
    ]
    can_detect = question == "performance" and is_installed() and bool(detectable(view.dataset))
    return [
        r for r in found
        if r not in DETECTORS or can_detect or (r == start.rule and question == start.question)
    ]  # fmt: skip


def _rule_key(key: str, rules: Sequence[Rule]) -> str:
    return f"{key}_{len(rules)}_rule"


def _draw_groups(view: View, start: Monitor, key: str) -> list[str]:
    columns = [c.name for c in view.dataset.schema.features if c.type in GROUPS]
    at = columns.index(start.columns[0]) if start.columns and start.columns[0] in columns else 0
    chosen = st.selectbox("Between the groups of", columns, at, key=f"{key}_groups")
    return [chosen] if chosen else []


def _draw_condition(
    start: Monitor, question: Asks, place: tuple[str, Sequence[Rule]], values: dict[str, Any]
) -> None:
    left, middle, right = st.columns(3, gap="small")
    key, rules = place
    kind = KINDS[question]
    rule = left.selectbox(
        "Fires when it", rules, rules.index(start.rule) if start.rule in rules else 0,
        key=_rule_key(key, rules), format_func=SAYS.__getitem__,
    )  # fmt: skip
    values["rule"] = rule
    if rule == "change":
        words = list(get_args(Severity))
        values["severity"] = middle.selectbox(
            "From", words, words.index(start.severity), key=f"{key}_severity"
        )
    elif rule in DETECTORS:
        middle.text_input(
            "Limit", "none to set", key=f"{key}_{rule}_none", disabled=True,
            help="River's defaults; their rate of false alarms cannot be set, a promise's can",
        )  # fmt: skip
    else:
        values["limit"] = middle.number_input(
            "Limit", value=start.limit or (0.9 if rule == "promise" else 0.0), format="%.4f",
            key=f"{key}_{rule}_limit",
        )  # fmt: skip
    if not kind.is_dated:
        right.selectbox("Every", ["run"], key=f"{key}_run", disabled=True)
        return
    every = [start.every] if start.every and start.every not in EVERY else list(EVERY)
    at = every.index(start.every) if start.every in every else 0
    values["every"] = right.selectbox("Every", every, at, key=f"{key}_every")


def _draw_more(start: Monitor, question: Asks, key: str, values: dict[str, Any]) -> None:
    left, middle, right = st.columns(3, gap="small")
    is_dated = KINDS[question].is_dated
    word, hold = ("periods", start.n_hold) if is_dated else ("looks", start.hold or PATIENCE)
    if values["rule"] not in DETECTORS:  # these alarm once and begin anew
        values["hold"] = int(
            left.number_input(f"Bad {word} until it fires", 1, 30, hold, key=f"{key}_{word}_hold")
        )
    values["calm"] = int(
        middle.number_input("Calm ones until it is over", 1, 30, start.calm, key=f"{key}_calm")
    )
    values["min_n"] = int(
        right.number_input("Rows it needs", 1, 1_000_000, start.min_n, key=f"{key}_min_n")
    )
    left, middle, right = st.columns(3, gap="small")
    if question != "slice":
        values["segment"] = left.text_input("Segment", start.segment or "", key=f"{key}_segment")
    values["version"] = middle.text_input("Version", start.version or "", key=f"{key}_version")
    compared = "" if question == "slice" != start.question else start.reference or ""
    values["reference"] = right.text_input(
        "Compare with", compared, key=f"{key}_{question == 'slice'}_reference",
        placeholder="rest" if question == "slice" else "",
    )  # fmt: skip
    left, middle, right = st.columns(3, gap="small")
    values["owner"] = left.text_input("Owner", start.owner, key=f"{key}_owner")
    values["runbook"] = middle.text_input("Runbook", start.runbook, key=f"{key}_runbook")
    if values["rule"] != "change":
        words = list(get_args(Severity))
        values["severity"] = right.selectbox(
            "Severity", words, words.index(start.severity), key=f"{key}_limit_severity"
        )
    if start.paused:
        values["paused"] = True


def names_of(view: View, question: Asks) -> list[str]:
    """The numbers that a question gives."""
    from analytics.catalog import all_behaviours, all_drift_tests, all_quality_checks
    from analytics.evaluate.fairness import LABELS
    from analytics.evaluate.serving import NAMES
    from analytics.serving.resources import NAMES as RESOURCES

    kind = KINDS[question]
    if kind.names:
        return list(kind.names)
    if kind.asks in ("performance", "estimate"):
        return list(offered(view.dataset.schema))
    if question == "resources":
        return list(RESOURCES)
    found = {
        "drift": [t.name for t in all_drift_tests()],
        "quality": [c.name for c in all_quality_checks()],
        "feedback": ["negative_rate", "feedback_volume"],
        "behaviour": [b.name for b in all_behaviours()],
        "fairness": list(LABELS),
    }
    return found.get(kind.asks, list(NAMES))
