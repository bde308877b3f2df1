"""The parts of a change in a few lines of pandas, to copy and run elsewhere."""

from __future__ import annotations

from analytics.core import Dataset, Question
from analytics.errors import UsageError
from analytics.evaluate.why import columns_to_split, picked
from analytics.query.cells import MOST_LEVELS
from analytics.query.code import Read, term_rows
from analytics.query.frame import whole
from analytics.query.terms import terms_of

BODY = """
def cells(column):
    then, now = before[column], rows[column]
    if column not in NUMERIC:
        then, now = (side.astype(object).where(side.notna(), None) for side in (then, now))
        counts = pandas.concat([then, now]).value_counts()
        ranked = sorted(counts.index, key=lambda level: (-counts[level], str(level)))
        seen = set(then.dropna())
        names = {{level: level for level in ranked[:MOST]}}
        names |= {{level: "rare" if level in seen else "unseen" for level in ranked[MOST:]}}
        return [side.map(names, na_action="ignore").fillna("missing") for side in (then, now)], seen
    edges = numpy.nanquantile(then.astype(float), [0, 0.25, 0.5, 0.75, 1])
    inner = [e for e in sorted(set(edges[1:-1])) if e < edges[-1]] or [edges[0]]
    found = []
    for side in (then.astype(float), now.astype(float)):
        code = pandas.Series(numpy.searchsorted(inner, side), index=side.index).astype(object)
        code[side < edges[0]], code[side > edges[-1]] = "below", "above"
        found.append(code.where(side.notna(), "missing"))
    return found, None


sides = [g.assign(over=g.over * g.weight, under=g.under * g.weight) for g in (before, rows)]
totals = [g.over.sum() / g.under.sum() for g in sides]
scale = 1 / sum(numpy.sqrt(totals)) if IS_ROOT else 1.0
answer = {{}}
for column in COLUMNS:
    codes, seen = cells(column)
    sums = [g.groupby(code)[["over", "under"]].sum() for g, code in zip(sides, codes)]
    names = sums[0].index.union(sums[1].index)
    shares = [(s.under / s.under.sum()).reindex(names, fill_value=0.0) for s in sums]
    own = [(s.over / s.under).reindex(names) for s in sums]
    first, last = own[0].fillna(own[1]), own[1].fillna(own[0])
    centred = (first + last) / 2 - sum(totals) / 2
    mix = ((shares[1] - shares[0]) * centred).fillna(0) * scale
    within = ((last - first) * (shares[0] + shares[1]) / 2).fillna(0) * scale
    kind = pandas.Series("plain", index=names)
    kind[names.isin(["below", "above", "unseen"])] = "unseen"
    if seen is not None:
        kind[[n not in seen and n != "rare" for n in names]] = "unseen"
    kind[names == "missing"] = "missing"
    answer[column, "mix"] = mix[kind == "plain"].sum()
    answer[column, "within"] = within[kind == "plain"].sum()
    for other in ("missing", "unseen"):
        answer[column, other] = (mix + within)[kind == other].sum()
"""
SHOW = "print(pandas.Series(answer).unstack())  # each line sums to the change"


def why_body(dataset: Dataset, question: Question) -> tuple[list[Read], str, tuple[str, ...]]:
    """Both sides' rows with what the metric adds up, and the split by every column."""
    if question.reference is None:
        raise UsageError("Why compares two sides, and there is no reference.", "", "Choose one.")
    named = picked(dataset, question)[0]
    terms = terms_of(dataset, named.name)
    assert terms is not None
    scopes = (whole(question.reference), whole(question.scope))
    columns = columns_to_split(dataset, question, terms, scopes)
    names = [c.name for c in columns]
    reads = [
        term_rows(dataset, scope, terms, names, side)
        for scope, side in zip(scopes, ("before", "rows"), strict=True)
    ]
    constants = [
        f"COLUMNS = {names!r}",
        f"NUMERIC = {[c.name for c in columns if c.type == 'numeric']!r}",
        f"MOST = {MOST_LEVELS}",
        f"IS_ROOT = {terms.is_root}",
    ]
    text = "\n".join(constants) + "\n\n" + BODY.replace("{{", "{").replace("}}", "}") + SHOW
    return reads, text, ("import numpy",)
