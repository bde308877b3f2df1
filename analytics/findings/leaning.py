"""What a surrogate says of the columns that a model leans on, in words."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.core import Finding, Result
from analytics.findings.find import RANK
from analytics.words import write_amount, write_count, write_list, write_value

SURROGATE = (
    "Small trees learned to say what the model says, on the reference and on this window; a column's"
    " share is how much worse they get when its values are dealt anew. It speaks of what the model was"
    " shown and said, not of what is true; a column may also count for more because it varies more."
)
MOST = 3


def say_leaning(results: Sequence[Result]) -> Finding:
    """Which columns count for more or less than in the reference, beyond chance; calm where none does."""
    known = [r for r in results if r.value is not None]
    if not known:
        reason = next((r.reason for r in results if r.reason), "no columns to look at")
        return Finding(
            "What the model leans on cannot be compared", f"{_start(reason)}.", "undefined", 0.0
        )
    moved = [r for r in known if r.verdict in ("warning", "critical")]
    moved.sort(key=lambda r: -abs(float(r.detail["change"])))
    n = f"{write_count(known[0].n)} rows, {write_count(int(known[0].detail['n_groups']))} surrogates a side"
    if not moved:
        main = max(known, key=lambda r: float(r.value or 0.0))
        said = (
            f"{main.column} counts most, {write_value(main.value, 'rate')} of all importance; {n}."
        )
        return Finding("The model leans on the same columns as in the reference", said, "ok", 0.0)
    more = [str(r.column) for r in moved if float(r.detail["change"]) > 0]
    less = [str(r.column) for r in moved if float(r.detail["change"]) < 0]
    sides = [
        f"{word} on {write_list(names, MOST)}"
        for word, names in (("more", more), ("less", less))
        if names
    ]
    verdict = max((r.verdict for r in moved), key=lambda v: RANK[v])
    said = "; ".join(map(_say, moved[:MOST]))
    return Finding(
        f"The model leans {' and '.join(sides)}", f"{said}; {n}.", verdict, RANK[verdict],
        page="why", results=tuple(moved),
    )  # fmt: skip


def _say(r: Result) -> str:
    low, high = float(r.detail["change_low"]), float(r.detail["change_high"])
    ends = [write_amount(abs(x), "share") for x in sorted((low, high), key=abs)]
    return (
        f"{r.column} {write_value(r.value, 'rate')} of all importance, from"
        f" {write_value(float(r.detail['reference']), 'rate')} ({' to '.join(ends)} points"
        f" {'more' if float(r.detail['change']) > 0 else 'less'})"
    )


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
