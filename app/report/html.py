"""One HTML file: words, numbers and charts inside it; it asks nothing of any network.

Plotly's library travels compressed inside the file (about 2 MB) and is unpacked by the browser.
Texts of the log are escaped; the file's own policy forbids every connection.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from analytics.catalog import all_drift_tests, all_metrics, all_quality_checks
from analytics.core import DriftTest, Finding, Metric, QualityCheck, Result
from analytics.words import (
    SHAPES,
    WORDS,
    unit_of,
    write_change,
    write_count,
    write_interval,
    write_moment,
    write_period,
    write_value,
)
from app.charts.style import QUIET, SERIES, TEXT
from app.report.reader import Reader, Section

STYLE = Path(__file__).with_name("report.css")
SCRIPT = Path(__file__).with_name("report.js")
INK = ("#0B5CAD", "#C2410C", "#157347", "#7A3E9D", "#A16207", "#0E7490", "#BE185D", "#57534E")
MOST_ROWS = 400
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src data: blob:; font-src data:"
)


def write_report(reader: Reader, sections: Sequence[Section], made_at: datetime) -> str:
    """The whole file as text."""
    title = f"{reader.dataset.model}: {sections[0].title if len(sections) == 1 else 'report'}"
    body = [_head(reader, title, made_at)]
    figures: list[str] = []
    for section in sections:
        body.append(_section(section, figures))
    body.append(_methods(sections))
    charts = f"[{','.join(figures)}]".replace("</", "<\\/")
    library = _library() if figures else ""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{_text(title)}</title><style>{STYLE.read_text()}</style></head><body><main>"
        f"{''.join(body)}</main>"
        f"<script type='application/json' id='figures'>{charts}</script>"
        f"<script type='text/plain' id='library'>{library}</script>"
        f"<script>{SCRIPT.read_text()}</script></body></html>\n"
    )


@cache
def _library() -> str:
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode()


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)


def _head(reader: Reader, title: str, made_at: datetime) -> str:
    from importlib.metadata import version

    now, then, asked = reader.facts.now, reader.facts.reference, reader.asked
    model = reader.dataset.model
    rows = [
        ("As of", write_moment(reader.now)),
        ("Window", _window(asked.window, now)),
        ("Version", asked.version or "all"),
        ("Only rows where", asked.segment or "all rows"),
        ("Compared with", _reference(asked.reference, then)),
        ("Predictions", write_count(now.n) if now else "0"),
        ("Labelled", f"{write_value(now.n_labelled / now.n, 'rate')}" if now and now.n else "none"),
        ("Labels", "provisional" if reader.facts.is_provisional else "settled"),
        ("Written", f"{write_moment(made_at)} by Telltale {version('telltale')}"),
    ]
    notes = "".join(f"<p class='note'>◆ {_text(note)}</p>" for note in reader.dataset.notes)
    facts = "".join(f"<dt>{_text(k)}</dt><dd>{_text(v)}</dd>" for k, v in rows)
    sample = "<p class='note'>◆ Sample data.</p>" if reader.dataset.is_sample else ""
    page = title.partition(": ")[2]
    return (
        f"<header><h1>{_text(model)} <span>{_text(page)}</span></h1>{sample}{notes}"
        f"<dl>{facts}</dl></header>"
    )


def _window(text: str | None, now: Any) -> str:
    words = text or "all"
    if now is None or now.first is None or now.last is None:
        return words
    return f"{words} ({write_moment(now.first)} to {write_moment(now.last)})"


def _reference(text: str | None, then: Any) -> str:
    if then is None:
        return "nothing"
    words = text or "imported reference"
    return f"{words}, {write_count(then.n)} rows"


def _section(section: Section, figures: list[str]) -> str:
    pieces = [f"<section><h2>{_text(section.title)}</h2>"]
    if section.lead is not None:
        pieces.append(_lead(section.lead))
    if section.said:
        said = "".join(f"<li>{_text(line)}</li>" for line in section.said)
        pieces.append(f"<ul>{said}</ul>")
    for title, chart in section.charts:
        number = len(figures)
        figures.append(_figure(chart.figure))
        pieces.append(
            f"<figure><figcaption>{_text(title)}"
            f"<button class='png' data-figure='{number}' type='button'>PNG</button></figcaption>"
            f"<div class='chart' id='figure{number}' role='img' aria-label='{_text(chart.alt)}'></div>"
            f"<p class='quiet'>{_text(chart.caption)}</p>"
            f"<details><summary>Numbers</summary>{_table(chart.table)}</details></figure>"
        )
    pieces += [f"<h3>{_text(title)}</h3>{_table(table)}" for title, table in section.tables]
    if section.results:
        count = write_count(len(section.results))
        pieces.append(
            f"<details><summary>All {count} results</summary>{_results(section.results)}</details>"
        )
    return "".join([*pieces, "</section>"])


def _lead(finding: Finding) -> str:
    mark = f"{SHAPES[finding.verdict]} {WORDS[finding.verdict]}"
    return (
        f"<div class='lead {finding.verdict}'><p class='verdict'>{_text(mark)}</p>"
        f"<p class='title'>{_text(finding.title)}</p><p>{_text(finding.sentence)}</p></div>"
    )


def _figure(figure: Any) -> str:
    """The figure as JSON in the report's own colours, without a template."""
    found = json.loads(figure.to_json())
    layout = found["layout"]
    layout["template"] = {}
    layout["paper_bgcolor"] = layout["plot_bgcolor"] = "rgba(0,0,0,0)"
    layout["autosize"] = True
    layout.setdefault("font", {})["color"] = TEXT
    text = json.dumps({"data": found["data"], "layout": layout})
    for slot, ink in zip(SERIES, INK, strict=True):
        text = text.replace(slot, ink)
    return text.replace(QUIET, "#5A6675").replace(TEXT, "#101828")


def _table(columns: Mapping[str, Sequence[Any]]) -> str:
    names = list(columns)
    n = max((len(columns[name]) for name in names), default=0)
    rows = [
        "".join(f"<td>{_cell(columns[name][i])}</td>" for name in names)
        for i in range(min(n, MOST_ROWS))
    ]
    more = f"<p class='quiet'>Showing {MOST_ROWS} of {write_count(n)}.</p>" if n > MOST_ROWS else ""
    return _rows(names, rows) + more


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return _text(f"{value:.6g}")
    return _text(value)


def _rows(names: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _results(results: Sequence[Result]) -> str:
    names = ("number", "column", "version", "period", "value", "95 % interval", "change", "rows",
             "labels", "verdict", "note")  # fmt: skip
    rows = []
    for r in results[:MOST_ROWS]:
        unit = unit_of(r)
        label = str(r.detail.get("label", r.name))
        cells = (
            f"{label}, {r.detail['class']}" if "class" in r.detail else label,
            r.column or r.segment or "",
            r.version or "",
            write_period(r.window),
            write_value(r.value, unit),
            write_interval(r.low, r.high, unit),
            write_change(r.detail.get("change"), unit, r.value),
            write_count(r.n),
            "" if r.n_labelled is None else write_count(r.n_labelled),
            f"{SHAPES[r.verdict]} {WORDS[r.verdict]}",
            r.reason or "",
        )
        title = f"{r.name}: {r.value!r}"
        rows.append("".join(f"<td title='{_text(title)}'>{_text(cell)}</td>" for cell in cells))
    more = ""
    if len(results) > MOST_ROWS:
        more = f"<p class='quiet'>Showing {MOST_ROWS}; the CSV holds all.</p>"
    return _rows(names, rows) + more


def _methods(sections: Sequence[Section]) -> str:
    """What each number of the report means, and how its interval was made."""
    results = [r for section in sections for r in section.results]
    names = dict.fromkeys(r.name for r in results)
    every: list[Metric | DriftTest | QualityCheck] = [
        *all_metrics(), *all_drift_tests(), *all_quality_checks()
    ]  # fmt: skip
    declared = {d.name: d for d in every}
    rows = []
    for name in names:
        found = declared.get(name) or declared.get(name.rpartition("_")[0])
        if found is None:
            continue
        methods = sorted({r.interval for r in results if r.name == name and r.interval})
        said = f" Interval: {', '.join(methods)}." if methods else ""
        rows.append(
            f"<dt>{_text(found.label)}</dt><dd>{_text(found.meaning)}{_text(said)}"
            f" <span class='quiet'>{_text(found.source)}</span></dd>"
        )
    return (
        "<section class='methods'><h2>How to read the numbers</h2>"
        "<p>Every number comes with its 95 % interval: how far it could be off by chance, for one"
        " look at independent rows. A verdict needs an effect beyond its tolerance with chance taken"
        " off, and evidence that survives all tests of the same question taken together.</p>"
        f"<dl>{''.join(rows)}</dl></section>"
    )
