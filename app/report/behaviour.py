"""What the page Behaviour says, for a report."""

from __future__ import annotations

from analytics.findings import speak_of_people
from app.charts import (
    Chart,
    confidence_chart,
    funnel_chart,
    hours_chart,
    retention_chart,
    waits_chart,
    worth_chart,
)
from app.report.reader import Reader, Section


def behaviour(reader: Reader) -> Section:
    """The numbers about people and the panels that can be drawn."""
    if not reader.dataset.log("events").n_rows:
        return Section("Behaviour", said=("Nobody has told what people do with the predictions.",))
    whole = reader.ask("behaviour")
    extent = reader.ask("behaviour:seen").extent
    said = [f"{extent.n:,} events of {extent.n_users:,} people."]
    if extent.n_simulated:
        said.insert(0, "Simulated data: the people and what they did are made up.")
    worth = reader.ask("behaviour:worth")
    said += worth.notes if worth is not None else []
    titles = (
        ("From shown to outcome", "funnel", funnel_chart),
        ("Time to action", "waits", waits_chart),
        ("Accepted beside right, by confidence", "confidence", confidence_chart),
        ("Hours of the week", "hours", hours_chart),
        ("Who comes back", "weeks", retention_chart),
        ("What a decision is worth", "worth", worth_chart),
    )
    charts: list[tuple[str, Chart]] = []
    for title, panel, draw in titles:
        found = reader.ask(f"behaviour:{panel}")
        chart = draw(found) if found is not None else None
        if chart is not None:
            charts.append((title, chart))
    return Section("Behaviour", speak_of_people(whole), tuple(said), tuple(charts), tuple(whole))
