"""Why a number moved, in one sentence: "because" only where a part of the change stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analytics.core import Finding, Result
from analytics.findings.find import RANK, params_of
from analytics.words import (
    unit_of,
    write_amount,
    write_count,
    write_half_width,
    write_list,
    write_value,
)

NOT_CAUSAL = (
    "The parts describe what came together with the change and sum to it exactly; they do not prove"
    " a cause. Columns overlap: each splits the whole change anew."
)
MUCH = 0.33  # of a change: a column that explains that much carries the sentence
PLAIN = 2.0  # of a change: a column whose parts add up to more, and back again, says little
SOME = 0.1  # of a change: a part that is named
NEARLY = 0.9  # of a change: when so much is named, nothing more is
MOST_REASONS, MOST_IN_TITLE = 3, 2


@dataclass(frozen=True, slots=True)
class Reason:
    """A part that the sentence names; ``{who}`` in its text stands for the rows of its slice."""

    value: float
    text: str
    slice: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """The Results of one metric's change, sorted by what they are."""

    results: Sequence[Result]

    @property
    def total(self) -> Result:
        """The change itself."""
        return next(r for r in self.results if r.detail["part"] == "total")

    @property
    def change(self) -> float:
        """Its value."""
        return float(self.total.value or 0.0)

    def part(self, name: str, column: str | None = None) -> Result | None:
        """A part of the whole, or of a column."""
        return next(
            (
                r
                for r in self.results
                if r.detail["part"] == name
                and r.column == column
                and r.detail.get("level") != "slice"
            ),
            None,
        )

    def columns(self, *roles: str) -> list[str]:
        """The columns of these roles, the one that explains most first."""
        scored = {
            str(r.column): float(r.detail["column_score"])
            for r in self.results
            if r.detail.get("level") == "column" and r.detail["role"] in roles
        }
        return sorted(scored, key=lambda c: -scored[c])

    def role(self, column: str) -> str:
        """What the column is: feature, version or truth."""
        return next((str(r.detail["role"]) for r in self.results if r.column == column), "feature")

    def explained(self, column: str) -> float:
        """The share of the change that is the column's own."""
        scores = [r for r in self.results if r.column == column and "column_score" in r.detail]
        if not scores or not self.change:
            return 0.0
        return float(scores[0].detail["column_score"]) / abs(self.change)

    def slices(self, column: str) -> list[Result]:
        """The parts of a column's slices, what explains most first."""
        mine = [
            r
            for r in self.results
            if r.column == column
            and r.detail.get("level") == "slice"
            and r.detail["part"] != "apart"
        ]
        sign = 1.0 if self.change >= 0 else -1.0
        return sorted(mine, key=lambda r: -sign * float(r.detail["score"]))

    def lead_column(self) -> str | None:
        """The column that carries the sentence: a feature that explains much, else the truth."""
        for roles in (("feature", "version"), ("truth",)):
            for column in self.columns(*roles)[:1]:
                if self.explained(column) >= MUCH and self._is_plain(column):
                    return column
        return None

    def _is_plain(self, column: str) -> bool:
        """Whether its parts do not mostly take each other back."""
        parts = [float(r.value or 0.0) for r in self.slices(column)]
        along = sum(v for v in parts if v * self.change > 0)
        return abs(along) <= PLAIN * abs(self.change)


def say_why(results: Sequence[Result]) -> Finding:
    """The finding over the parts of one metric's change."""
    story = Story(results)
    total = story.total
    label, unit = str(total.detail["label"]), unit_of(total)
    if total.value is None:
        return Finding(
            f"{label} cannot be explained here", f"{_start(str(total.reason))}.", "undefined", 0.0,
            "why", results=(total,),
        )  # fmt: skip
    if total.low is None or total.high is None or total.low <= 0 <= total.high:
        title = f"{label} did not move beyond chance"
        return Finding(title, _numbers(total, unit), "ok", 0.0, "why", results=(total,))
    reasons = _reasons(story)
    verb = "fell" if story.change < 0 else "rose"
    said = _written(reasons, total)
    title = f"{label} {verb} {_amount(abs(story.change), total, is_named=True)}: "
    also = [f"Another {text}." for text in said[MOST_IN_TITLE:]]
    sentence = (_numbers(total, unit), *also, _rest(story, reasons), _beside(story))
    return Finding(
        title + ", ".join(said[:MOST_IN_TITLE]),
        " ".join(filter(None, sentence)),
        total.verdict,
        RANK[total.verdict],
        "why",
        params_of(total),
        (total,),
    )


def _reasons(story: Story) -> list[Reason]:
    """What carries most of the change, the largest first; always at least one."""
    found = [r for r in (_late(story),) if r is not None]
    column = story.lead_column()
    if column is not None:
        found += _of_column(story, column)
    if column is None or not found:
        found += _of_kinds(story)
    found.sort(key=lambda reason: -abs(reason.value))
    kept: list[Reason] = []
    for reason in found[:MOST_REASONS]:
        named = abs(sum(r.value for r in kept))
        if kept and (
            named >= NEARLY * abs(story.change) or abs(reason.value) < SOME * abs(story.change)
        ):
            break
        kept.append(reason)
    return kept


def _written(reasons: Sequence[Reason], total: Result) -> list[str]:
    """Each reason with its amount; a slice that was just named is "they" the next time."""
    said, before = [], ""
    for r in reasons:
        who = "they" if r.slice and r.slice == before else f"{_base(total)} with {r.slice}"
        text = r.text.replace("{who}", who).replace("on they", "on them")
        said.append(f"{_amount(abs(r.value), total)} because {text}")
        before = r.slice
    return said


def _base(r: Result) -> str:
    return str(r.detail.get("base", "rows"))


def _same_way(story: Story, part: Result | None) -> bool:
    return part is not None and float(part.value or 0.0) * story.change > 0


def _late(story: Story) -> Reason | None:
    late = story.part("maturity")
    if late is None or not _same_way(story, late):
        return None
    return Reason(float(late.value or 0.0), "labels are still on their way")


def _of_column(story: Story, column: str) -> list[Reason]:
    slices = story.slices(column)
    said: dict[str, Callable[[list[Result]], Reason]] = {
        "mix": _mixed,
        "missing": _missing,
        "unseen": _unseen,
    }
    found = []
    for part, say in said.items():
        whole = story.part(part, column)
        mine = [r for r in slices if r.detail["part"] == part and _same_way(story, r)]
        if whole is not None and _same_way(story, whole) and mine and _is_sure(whole):
            found.append(replace(say(mine), value=float(whole.value or 0.0)))
    for r in [s for s in slices if s.detail["part"] == "within" and _same_way(story, s)][:2]:
        if float(r.detail["score"]) != 0:
            text = _judged(story, r, "{who}")
            found.append(Reason(float(r.value or 0.0), text, str(r.detail["slice"])))
    return found


def _is_sure(whole: Result) -> bool:
    """Whether a mix is at least half as large whichever side's numbers are held fixed."""
    half = 0.5 * float(whole.value or 0.0)
    held = [float(v) for v in whole.detail.get("held", ())]
    return all(v * half > 0 and abs(v) >= abs(half) for v in held)


def _mixed(mine: list[Result]) -> Reason:
    """Named after the slice that grew where one did: people see what came, not what stayed away."""
    ranked = sorted(mine, key=lambda r: -abs(float(r.value or 0.0)))
    grown = [r for r in ranked if _moved(r) > 0]
    r = grown[0] if grown else ranked[0]
    more = "more" if _moved(r) > 0 else "fewer"
    name = str(r.detail["slice"])
    return Reason(0.0, f"{more} {_base(r)} have {name} {_shares(r)}", name)


def _shares(r: Result) -> str:
    now, before = r.detail["share_now"], r.detail["share_before"]
    return f"({write_value(now, 'rate')}, before {write_value(before, 'rate')})"


def _moved(r: Result) -> float:
    return float(r.detail["share_now"]) - float(r.detail["share_before"])


def _missing(mine: list[Result]) -> Reason:
    r = mine[0]
    more = "more" if _moved(r) > 0 else "less"
    return Reason(0.0, f"{r.column} is missing {more} often {_shares(r)}", str(r.detail["slice"]))


def _unseen(mine: list[Result]) -> Reason:
    column = str(mine[0].column)
    names = [str(r.detail["slice"]).removeprefix(f"{column} ") for r in mine]
    return Reason(0.0, f"{column} has values never seen before ({write_list(names)})")


def _judged(story: Story, r: Result, who: str) -> str:
    better = r.detail.get("better")
    is_up = story.change > 0
    if better in ("higher", "lower"):
        return f"{who} are judged {'better' if is_up == (better == 'higher') else 'worse'}"
    return f"it is {'higher' if is_up else 'lower'} on {who}"


def _of_kinds(story: Story) -> list[Reason]:
    """Other rows, or the same rows judged otherwise."""
    concept, covariate = story.part("concept"), story.part("covariate")
    same = _judged(story, story.total, f"{_base(story.total)} of the same kind")
    if concept is None or covariate is None:
        late = story.part("maturity")
        return [Reason(story.change - float((late.value if late else 0.0) or 0.0), same)]
    found = []
    if _same_way(story, concept):
        found.append(Reason(float(concept.value or 0.0), same))
    if _same_way(story, covariate):
        names = write_list(list(covariate.detail["columns"]))
        text = f"other {_base(covariate)} came (by {names})"
        found.append(Reason(float(covariate.value or 0.0), text))
    return found


def _rest(story: Story, reasons: Sequence[Reason]) -> str:
    rest = story.change - sum(r.value for r in reasons)
    if abs(rest) < SOME * abs(story.change):
        return ""
    amount = _amount(abs(rest), story.total)
    if rest * story.change > 0:
        return f"The other {amount} is spread over smaller parts."
    return f"Other parts went the other way, by {amount}."


def _beside(story: Story) -> str:
    """What the mix of rows alone would have done, where the sentence speaks of something else."""
    covariate = story.part("covariate")
    column = story.lead_column()
    if covariate is None or column is None or column in story.columns("feature", "version"):
        return ""
    if covariate.low is None or covariate.high is None or covariate.low <= 0 <= covariate.high:
        return ""
    names = write_list(list(covariate.detail["columns"]))
    way = "raised" if float(covariate.value or 0.0) > 0 else "lowered"
    amount = _amount(abs(float(covariate.value or 0.0)), story.total)
    return f"The other mix of {names} alone would have {way} it by {amount}."


def _numbers(total: Result, unit: str) -> str:
    d = total.detail
    now = write_half_width(d.get("now_low"), d.get("now_high"), unit)
    before = write_half_width(d.get("before_low"), d.get("before_high"), unit)
    what = "labels" if total.n_labelled is not None else "rows"
    return (
        f"{write_value(d['now'], unit)} {now}, before {write_value(d['before'], unit)} {before};"
        f" {write_count(total.n)} {what} against {write_count(int(d['n_reference']))}."
    )


def _amount(size: float, total: Result, *, is_named: bool = False) -> str:
    """A size of change: points for shares, else in the unit of the metric."""
    unit = unit_of(total)
    text = write_amount(size, unit, float(total.detail["before"]))
    return f"{text} points" if is_named and unit in ("share", "rate") else text


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
