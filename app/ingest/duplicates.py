"""Which staged rows are new: ids taken once, labels as rows of their own, the rest told apart."""

from __future__ import annotations

from analytics.core import Log
from analytics.sources.relation import quote_name, quote_text, relation
from app.ingest.parts import CHANGING, LABEL_COLUMNS, MADE, columns_of
from app.ingest.workspace import Workspace

FEW = 100_000  # so many rows left out are looked up for each part; where there are more, only once


def pick_predictions(workspace: Workspace, existing: Log) -> tuple[int, int]:
    """Keep each id once in ``fresh``; (exact duplicates skipped, rows set aside).

    Same id and same body is a duplicate; same id and another body is set aside. A time that was
    made when the row came is no part of its body.
    """
    columns = columns_of(workspace, "staged")
    body = [c for c in columns if c not in (*CHANGING, *LABEL_COLUMNS[1:])]
    digest = _digest(body, is_made="received_at" in columns)
    workspace.run(  # nearly every id stands once: only the others are looked at with their rows
        "CREATE TABLE twice AS SELECT hash(prediction_id) AS id FROM staged WHERE reason IS NULL"
        " GROUP BY 1 HAVING count(*) > 1"
    )
    workspace.run(
        f"CREATE TABLE ranked AS SELECT ord, prediction_id, {digest} AS body,"
        " row_number() OVER (PARTITION BY prediction_id ORDER BY ord) AS place FROM staged"
        " WHERE reason IS NULL AND hash(prediction_id) IN (SELECT id FROM twice)"
    )
    workspace.run(
        "CREATE TABLE again AS SELECT r.ord, r.body = f.body AS is_same FROM ranked r"
        " JOIN ranked f ON f.prediction_id = r.prediction_id AND f.place = 1 WHERE r.place > 1"
    )
    if existing.parts:
        is_made = "received_at" in columns and "received_at" in existing.columns
        _find_taken(workspace, existing, [c for c in body if c in existing.columns], is_made)
    n_same = workspace.value("SELECT count(*) FROM again WHERE is_same")
    n_other = workspace.value("SELECT count(*) FROM again WHERE NOT is_same")
    if n_other:
        workspace.run(
            "INSERT INTO broken SELECT file, ord, 'the prediction_id is taken by another row',"
            " CAST(to_json(staged) AS VARCHAR) FROM staged"
            " WHERE ord IN (SELECT ord FROM again WHERE NOT is_same)"
        )
    form = "TABLE" if n_same + n_other > FEW else "VIEW"
    workspace.run(
        f"CREATE {form} fresh AS SELECT * FROM staged WHERE reason IS NULL"
        " AND ord NOT IN (SELECT ord FROM again)"
    )
    workspace.run("DROP TABLE ranked")
    return int(n_same), int(n_other)


def _find_taken(workspace: Workspace, existing: Log, body: list[str], is_made: bool) -> None:
    """Add to ``again`` what the log holds already: ids first, then the rows of those found."""
    log = relation(existing)
    workspace.run(
        f"CREATE TABLE taken AS SELECT DISTINCT prediction_id FROM {log} WHERE prediction_id IN"
        " (SELECT prediction_id FROM staged WHERE reason IS NULL)"
    )
    if not workspace.value("SELECT count(*) FROM taken"):
        return
    known = "prediction_id IN (SELECT prediction_id FROM taken)"
    digest = f"prediction_id, {_digest(body, is_made)} AS body"
    own = f"SELECT ord, {digest} FROM staged WHERE reason IS NULL AND {known}"
    there = f"SELECT {digest} FROM {log} WHERE {known}"
    workspace.run(
        f"INSERT INTO again SELECT s.ord, s.body = e.body FROM ({own}) s"
        f" JOIN ({there}) e ON e.prediction_id = s.prediction_id"
        " WHERE s.ord NOT IN (SELECT ord FROM again)"
    )


def pick_labels(workspace: Workspace, existing: Log, source: str = "outcome") -> tuple[int, int]:
    """Labels as rows of their own in ``labels``; (labels kept, exact duplicates skipped).

    One whose time was made when it came is a duplicate of the same label at any time.
    """
    present = columns_of(workspace, "staged")
    pieces = ["prediction_id", "label"]
    pieces.append("known_at" if "known_at" in present else "CAST(NULL AS TIMESTAMP) AS known_at")
    pieces.append(
        f"coalesce(source, {quote_text(source)}) AS source"
        if "source" in present
        else f"{quote_text(source)} AS source"
    )
    pieces.append("queue" if "queue" in present else "CAST(NULL AS VARCHAR) AS queue")
    pieces.append("sampling_p" if "sampling_p" in present else "CAST(NULL AS DOUBLE) AS sampling_p")
    made = f"{MADE} IS NOT NULL" if MADE in present else "false"
    found = (
        f"SELECT ord, {', '.join(pieces)}, {made} AS is_made FROM staged"
        " WHERE reason IS NULL AND label IS NOT NULL"
    )
    n_all = workspace.value(f"SELECT count(*) FROM ({found})")
    keys = "prediction_id, label, source, queue, sampling_p, is_made"
    known = ""
    if existing.parts:
        same = " AND ".join(
            f"e.{c} IS NOT DISTINCT FROM l.{c}" for c in ("prediction_id", "label", "source")
        )
        same += " AND (l.is_made OR e.known_at IS NOT DISTINCT FROM l.known_at)"
        known = f" WHERE NOT EXISTS (SELECT 1 FROM {relation(existing)} e WHERE {same})"
    workspace.run(
        f"CREATE TABLE labels AS SELECT * EXCLUDE (is_made) FROM (SELECT min(ord) AS ord,"
        f" min(known_at) AS known_at, {keys} FROM ({found})"
        f" GROUP BY {keys}, CASE WHEN NOT is_made THEN known_at END) l{known}"
    )
    n_kept = workspace.value("SELECT count(*) FROM labels")
    return int(n_kept), int(n_all - n_kept)


def _digest(columns: list[str], is_made: bool) -> str:
    """What a row says; ``is_made`` leaves out a time that is the one at which it came."""
    names = {name: quote_name(name) for name in columns}
    if is_made and "timestamp" in names:
        names["timestamp"] = "nullif(timestamp, received_at)"
    return f"hash({', '.join(names.values())})"
