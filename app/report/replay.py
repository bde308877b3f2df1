"""A replay as a report: the incidents of a log, each with its evidence, beside the alerts of other rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.charts.replay import NAMES, replay_chart
from app.monitors.replayed import say_raised, speak_of_replay
from app.questions import Asked, clock
from app.report.html import write_report
from app.report.reader import Reader, Section

if TYPE_CHECKING:
    from app.ask import Desk

Plain = Mapping[str, Any]
ABOUT = (
    "Each incident is dated with only what was known then: labels that came later are not looked at.",
    "Lead is the time to the moment at which labels that had all come would have shown the loss.",
)
RULES = (
    "The default rules of Evidently 0.7.23 and NannyML 0.13.1 on the same periods and reference, for"
    " features, score and prediction."
)


def replay_section(told: Plain) -> Section:
    """What the page Replay says, for a file."""
    chart = replay_chart(told)
    charts = (("Incidents, and the alerts of other rules", chart),) if chart else ()
    tables: list[tuple[str, dict[str, list[Any]]]] = []
    if told["peers"]:
        tables.append(("Column alerts of other tools' default rules", peers_table(told["peers"])))
    said = [*ABOUT, *(RULES,) * bool(told["peers"])]
    for i in told["incidents"]:
        word = "Harmless" if i["kind"] == "harmless" else str(i["severity"]).capitalize()
        then = f" It was told as: {i['then']}." if i["then"] else ""
        said.append(f"{word}, {i['when']}: {i['title']}. {say_raised(i)}{then} {i['sentence']}")
    said += [f"{m['name']} could not look: {m['error']}" for m in told["monitors"] if m["error"]]
    return Section("Replay", speak_of_replay(told), tuple(said), charts, tables=tuple(tables))


def peers_table(peers: Plain) -> dict[str, list[Any]]:
    """The counts of each tool as columns."""
    n = peers["n_periods"]
    return {
        "default rules of": list(NAMES.values()),
        "column alerts": [peers[k]["alerts"] for k in NAMES],
        f"of {n} periods with any": [peers[k]["periods"] for k in NAMES],
        "whole window drifted": [str(peers["evidently"]["drifted"]), "–"],
        "metric alerts": ["–", str(peers["nannyml"]["losses"])],
        "most often": [_most(peers[k]["columns"]) for k in NAMES],
    }


def _most(columns: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in list(columns.items())[:3])


def replay_file(desk: Desk, told: Plain, window: str | None, *, actor: str) -> str:
    """The replay as one HTML file; whoever made it stands in the audit trail."""
    from app.ask import Asking, answer
    from app.questions import build_question
    from app.report.make import note_report

    model, wall = str(told["model"]), desk.now()
    dataset = desk.dataset(model)
    moment = clock(dataset, wall)

    def ask(name: str, words: Asked) -> Any:
        question = build_question(dataset, words, moment)
        return answer(desk.engine, Asking(name, dataset, question, wall))

    asked = Asked(window=window)
    reader = Reader(dataset, asked, ask("facts", asked), moment, ask)
    text = write_report(reader, [replay_section(told)], wall)
    note_report(desk, model, ("replay",), asked, actor)
    return text
