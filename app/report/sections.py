"""What each page says, for a report: the same questions, charts and sentences as on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analytics.errors import TelltaleError
from analytics.findings import (
    choose,
    cut_at_end,
    find,
    say_conditions,
    say_cost,
    say_gap,
    speak,
    speak_of_drift,
    speak_of_slice,
    speak_of_slices,
)
from analytics.words import unit_of, write_value
from app.charts import (
    Chart,
    Look,
    apart_chart,
    apart_columns,
    behind_charts,
    column_chart,
    forest_chart,
    guard_rows,
    metric_rows,
    series_chart,
    waterfall_chart,
)
from app.periods import say_every
from app.report.behaviour import behaviour
from app.report.reader import Reader, Section, call_estimated
from app.report.serving import serving as tell_serving

if TYPE_CHECKING:
    from analytics.core import Result

MOST_COLUMNS = 6  # distributions of the columns that moved the most
MOST_GUARDS = 12
MONTHS_FROM_DAYS = 85
CHECKS = ("missing_rate", "unseen_rate")
BAD = ("warning", "critical")


def overview(reader: Reader) -> Section:
    """What matters most, the main numbers, and what changed."""
    names = reader.names[:2]
    whole = reader.ask("performance", names=names) if names else []
    head = reader.ask("headline")
    split = _split(reader, names[:1])
    by_month = _by_month(reader, names)
    found = [*find(cut_at_end(split, whole)), *find(reader.ask("quality", **_daily(reader)))]
    if reader.facts.reference is not None:
        found += find(reader.ask("drift"))
    found.sort(key=lambda f: -f.weight)
    said = tuple(f"{f.title}. {f.sentence}" for f in choose(found))
    charts = _series(reader, split)
    lead = speak(by_month or split, whole)
    return Section("Overview", lead, said, charts, (*whole, *head, *split))


def performance(reader: Reader) -> Section:
    """The headline metrics as a whole, the main one by period and version, and the curves."""
    whole = reader.ask("performance", names=reader.names)
    series = reader.ask("performance", names=reader.names, every=reader.every)
    split = _split(reader, reader.names[:1])
    estimated = reader.estimated()
    charts = list(_series(reader, split, estimated))
    for name in reader.names[1:]:
        charts += _series(reader, [r for r in series if r.name == name])
    schema = reader.dataset.schema
    if reader.has_labels:
        class_name = schema.classes[0] if schema.task == "multiclass" else None
        found = reader.ask(f"behind:{class_name}" if class_name else "behind")
        which = f", class {class_name}" if class_name else ""
        charts += [(f"{title}{which}", c) for title, c in behind_charts(found, schema, class_name)]
    return Section(
        "Performance",
        speak(split, whole),
        charts=tuple(charts),
        results=(*whole, *series, *map(call_estimated, estimated)),
    )


def drift(reader: Reader) -> Section:
    """Every column by how far it moved, and the distributions of those that moved the most."""
    if reader.facts.reference is None:
        return Section("Drift", said=("There is no reference to compare with.",))
    results = reader.ask("drift")
    held = reader.ask("held") if reader.names else []
    deciding = [r for r in results if r.detail.get("decides") and r.name not in CHECKS]
    deciding.sort(key=lambda r: (r.verdict not in BAD, -float(r.detail.get("above_floor") or 0)))
    charts = []
    for r in deciding[:MOST_COLUMNS]:
        found = reader.ask(f"column:{r.column}")
        if found is not None:
            charts.append((str(r.column), column_chart(found, str(r.column))))
    lead = speak_of_drift(results, [r for r in held if "class" not in r.detail])
    return Section("Drift", lead, charts=tuple(charts), results=tuple(results))


def quality(reader: Reader) -> Section:
    """What is missing, unseen, out of range, frozen, duplicated, or not as usual."""
    results = reader.ask("quality")
    daily = reader.ask("quality", **_daily(reader))
    found = sorted([*find(daily), *find(results)], key=lambda f: -f.weight)
    said = tuple(f"{f.title}. {f.sentence}" for f in choose(found, most=8, alike=8))
    return Section("Data quality", speak(daily, results), said, results=tuple(results))


def serving(reader: Reader) -> Section:
    """How the model serves, on one timeline with the main metric."""
    metric = [r for r in _split(reader, reader.names[:1]) if "class" not in r.detail]
    return tell_serving(reader, metric)


def compare(reader: Reader) -> Section:
    """The newest version beside the one before it, or what the selection names."""
    from analytics.findings.release import decide_release

    versions = [seen.version for seen in reader.facts.versions]
    asked: dict[str, str] = {}
    if reader.asked.version is None and len(versions) > 1:
        asked = {"version": versions[-1], "reference": f"version:{versions[-2]}"}
    elif reader.facts.reference is None:
        return Section("Compare", said=("There is no second side to compare with.",))
    found = reader.ask("compare", **asked)
    decision = decide_release(found)
    charts = [
        (title, chart)
        for title, chart in (
            (
                "Differences, in units of what is tolerated",
                forest_chart(metric_rows(found.results)),
            ),
            ("Guard-rails", forest_chart(guard_rows(found.guards[:MOST_GUARDS]))),
        )
        if chart is not None
    ]
    said = (*decision.reasons[1:], *found.notes)
    results = (*found.results, *found.guards, *found.served)
    return Section("Compare", decision.finding, said, tuple(charts), results)


def slices(reader: Reader) -> Section:
    """Where the model does worse, and how one slice stands to the rest where one is chosen."""
    segment = reader.asked.segment
    found = reader.ask("slices", segment=None) if reader.has_labels else []
    weak = [r for r in found if r.verdict in BAD]
    rows = max((round(int(r.detail["n_all"]) / float(r.detail["share"])) for r in found), default=0)
    lead = speak_of_slices(found, rows)
    if segment and reader.has_labels:
        names = [r.name for r in found[:1]]
        mine = reader.ask("performance", names=tuple(names), reference="rest")
        whole = [r for r in mine if "class" not in r.detail]
        lead = speak_of_slice(whole[0]) if whole else lead
    table: dict[str, list[Any]] = {
        "slice": [say_conditions(r.segment) for r in weak],
        "value": [write_value(r.value, unit_of(r)) for r in weak],
        "than the rest": [say_gap(r) for r in weak],
        "labelled rows": [int(r.detail["n_all"]) for r in weak],
        "cost": [say_cost(r) for r in weak],
    }
    tables = (("Where it does worse", table),) if weak else ()
    return Section("Slices", lead, (), (), tuple(found), tables)


def why(reader: Reader) -> Section:
    """The main metric's change (or the asked one's) as steps that sum to it, and where errors stand."""
    from analytics.evaluate.why import decomposable, nearest
    from analytics.findings.reason import NOT_CAUSAL, Story, say_why

    if reader.facts.reference is None:
        return Section("Why", said=("There is no reference to compare with.",))
    known = decomposable(reader.dataset)
    names = [n for n in (*reader.asked.names, *reader.names, *known) if n in known]
    if not names:
        return Section("Why", said=("No metric of this model has parts.",))
    wanted = next((n for n in reader.asked.names if nearest(reader.dataset, n)), names[0])
    results = reader.ask("why", names=(nearest(reader.dataset, wanted) or names[0],), every=None)
    story = Story(results)
    if story.total.value is None:
        return Section("Why", say_why(results), results=tuple(results))
    column = story.lead_column()
    chart = waterfall_chart(results, column)
    charts = (
        [(f"From before to now, by {column or 'all columns together'}", chart)] if chart else []
    )
    charts += [
        (f"Where errors stand: {cells[0].column}", apart_chart(cells))
        for cells in apart_columns(results, MOST_COLUMNS)
    ]
    return Section("Why", say_why(results), (NOT_CAUSAL,), tuple(charts), tuple(results))


SECTIONS: dict[str, Callable[[Reader], Section]] = {
    "overview": overview,
    "performance": performance,
    "drift": drift,
    "quality": quality,
    "slices": slices,
    "why": why,
    "serving": serving,
    "compare": compare,
    "behaviour": behaviour,
}


def read_sections(reader: Reader, pages: Sequence[str]) -> list[Section]:
    """The sections of the pages; one that cannot be read says why instead."""
    found = []
    for page in pages:
        try:
            found.append(SECTIONS[page](reader))
        except TelltaleError as error:
            title = page.capitalize()
            found.append(
                Section(title, said=tuple(filter(None, (error.what, error.why, error.do))))
            )
    return found


def _daily(reader: Reader) -> dict[str, str]:
    return {"every": "day"} if reader.dataset.first_event is not None else {}


def _by_month(reader: Reader, names: Sequence[str]) -> list[Result]:
    """Months, where the window has some: people speak of months."""
    now = reader.facts.now
    if now is None or now.first is None or now.last is None or not names:
        return []
    if (now.last - now.first).days < MONTHS_FROM_DAYS:
        return []
    found: list[Result] = reader.ask(
        "performance", names=tuple(names), every="month", by_version=reader.by_version
    )
    return found


def _split(reader: Reader, names: Sequence[str]) -> list[Result]:
    if not names:
        return []
    found: list[Result] = reader.ask(
        "performance", names=tuple(names), every=reader.every, by_version=reader.by_version
    )
    return found


def _series(
    reader: Reader, results: Sequence[Result], estimated: tuple[Result, ...] = ()
) -> tuple[tuple[str, Chart], ...]:
    """One chart for each class or for the metric as a whole; none where nothing can be drawn."""
    mine = [r for r in results if "class" not in r.detail]
    if not mine:
        return ()
    versions = tuple(seen.version for seen in reader.facts.versions)
    look = Look(unit_of(mine[0]), 260, versions=versions, estimated=estimated)
    chart = series_chart(mine, look)
    title = f"{mine[0].detail['label']} by {say_every(reader.every)}"
    return ((title, replace(chart)),) if chart else ()
