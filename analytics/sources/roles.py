"""Which role each column plays: given, known from earlier imports, or guessed and then shown.

A name is believed only when its values agree. What matches by its values alone is never taken
silently: it comes back as an Ambiguity, which a person answers with ``--map``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from analytics.core import Role
from analytics.sources.names import (
    INDEX_NAMES,
    LABEL_ONLY,
    TIERS,
    normal_name,
    quantile_level,
    score_class,
    tier_of,
)
from analytics.sources.profile import Profile

Agree = Callable[[str, str], float | None]
CHANCE_WORDS = frozenset({"probability", "proba", "prob"})
STATUS_WORDS = {"ok", "success", "succeeded", "error", "failed", "failure", "timeout", "rejected"}
LOOKS_LIKE_LABEL = 0.1  # association with the prediction from which a 0/1 column is asked about


@dataclass(frozen=True, slots=True)
class Guess:
    """The role of one column and why it was taken."""

    column: str
    role: Role
    why: str
    class_name: str | None = None


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A question that only a person can answer: what, between which columns, and the answers."""

    what: str
    columns: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(slots=True)
class Guesses:
    """Roles by column, what is open, and what was noticed."""

    roles: dict[str, Guess] = field(default_factory=dict)
    ambiguities: list[Ambiguity] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, column: str, role: str, why: str, class_name: str | None = None) -> None:
        """Give a column its role."""
        self.roles[column] = Guess(column, role, why, class_name)  # type: ignore[arg-type]

    def of(self, role: str) -> list[str]:
        """The columns of a role."""
        return [guess.column for guess in self.roles.values() if guess.role == role]


Given = Mapping[str, tuple[str, str | None]]


def guess_roles(
    profiles: Sequence[Profile],
    given: Given,
    known: Given,
    kind: str,
    agree: Agree = lambda _a, _b: None,
) -> Guesses:
    """The roles of all columns for a log of that kind.

    ``given`` wins over ``known`` (this model's earlier imports) wins over names. ``agree`` says
    how strongly two columns go together (0 to 1) and is asked about 0/1 columns only.
    """
    guesses = Guesses()
    for profile in profiles:
        if profile.name in given:
            guesses.take(profile.name, *_with_why(given[profile.name], "given"))
        elif profile.name in known:
            guesses.take(profile.name, *_with_why(known[profile.name], "as in earlier imports"))
    _by_name(profiles, guesses, kind)
    if kind == "labels":
        _rest_of_labels(profiles, guesses)
    elif kind == "predictions":
        _class_scores(profiles, guesses)
        _quantiles(profiles, guesses)
        _prediction_or_score(profiles, guesses, given)
        _score_by_value(profiles, guesses)
        _times_by_value(profiles, guesses)
        _labels_by_value(profiles, guesses, agree)
    for profile in profiles:
        if profile.name not in guesses.roles:
            role = "ignore" if normal_name(profile.name) in INDEX_NAMES else "feature"
            why = "an index" if role == "ignore" else "every other column is a feature"
            guesses.take(profile.name, role, why)
    return guesses


def _with_why(role: tuple[str, str | None], why: str) -> tuple[str, str, str | None]:
    return role[0], why, role[1]


def _by_name(profiles: Sequence[Profile], guesses: Guesses, kind: str) -> None:
    for role in TIERS:
        if guesses.of(role) or role in LABEL_ONLY and kind != "labels":
            continue
        if kind == "labels" and role in ("timestamp", "score", "latency_ms", "status"):
            continue
        named = [(tier, p) for p in profiles if (tier := _tier(role, p, guesses)) is not None]
        fitting = [(tier, p) for tier, p in named if _fits(role, p)]
        for _tier_number, profile in named:
            if not _fits(role, profile):
                guesses.notes.append(
                    f"{profile.name!r} is named like a {role}, but its values are none"
                    f" (such as {', '.join(profile.examples[:2]) or 'nothing'}): taken as a feature."
                )
        if not fitting:
            continue
        best = min(tier for tier, _p in fitting)
        first = [p.name for tier, p in fitting if tier == best]
        if len(first) > 1:
            answers = tuple(f"--map {role}={name}" for name in first)
            what = f"{' and '.join(map(repr, first))} could each be the {role}."
            guesses.ambiguities.append(Ambiguity(what, tuple(first), answers))
            continue
        guesses.take(first[0], role, "by its name")
        if role == "prediction_id":
            for _tier_number, other in fitting:
                if other.name != first[0] and other.n_distinct > 0.9 * other.n_values:
                    guesses.take(other.name, "ignore", "another id")


def _tier(role: str, profile: Profile, guesses: Guesses) -> int | None:
    if profile.name in guesses.roles:
        return None
    whole = tier_of(role, profile.name)
    if whole is not None or len(profile.path) == 1:
        return whole
    last = tier_of(role, profile.path[-1])
    return None if last is None else last + len(TIERS[role])


def _fits(role: str, p: Profile) -> bool:
    if p.n_values == 0:
        return role not in ("status", "label")
    if role in ("timestamp", "label_time", "received_at"):
        return p.is_time or p.epoch is not None
    if role in ("score", "latency_ms", "sampling_p"):
        return p.is_numeric
    if role == "status":
        words = {example.lower() for example in p.examples}
        is_code = p.is_numeric and p.low is not None and 100 <= p.low and (p.high or 0) < 600
        return is_code or words <= STATUS_WORDS
    if role == "prediction_id":
        return not (p.is_numeric and p.n_integer < p.n_numeric)
    return True


def _quantiles(profiles: Sequence[Profile], guesses: Guesses) -> None:
    """prediction_q10, prediction_q90: believed when there are two or more of them, all numbers."""
    found = {
        p.name: level
        for p in profiles
        if p.name not in guesses.roles and p.is_numeric and (level := quantile_level(p.name))
    }
    if len(found) < 2:
        return
    for name, level in found.items():
        guesses.take(name, "quantile", "by its name", level)


def _class_scores(profiles: Sequence[Profile], guesses: Guesses) -> None:
    """score_<class> columns: believed when they name the classes seen, or are two or more shares."""
    found = {
        p.name: name
        for p in profiles
        if p.name not in guesses.roles
        and (name := score_class(p.name)) is not None
        and p.is_numeric
        and p.low is not None
        and p.high is not None
        and 0 <= p.low
        and p.high <= 1.000001
    }
    if not found:
        return
    seen: set[str] = set()
    for column in guesses.of("prediction") + guesses.of("label"):
        seen |= {c.lower() for p in profiles if p.name == column for c in p.classes}
    names = {name.lower() for name in found.values()}
    if (
        (seen and seen <= names)
        or (not seen and len(found) > 1)
        or (len(found) > 1 and seen & names)
    ):
        for column, name in found.items():
            guesses.take(column, "score", "by its name, the score of one class", name)
    else:
        guesses.notes.append(
            f"{', '.join(map(repr, found))} could be scores of classes, but no such class was seen:"
            " taken as features (--map score_CLASS=COLUMN says otherwise)."
        )


def _prediction_or_score(profiles: Sequence[Profile], guesses: Guesses, given: Given) -> None:
    """A 'prediction' that is a share beside a label of two classes is a score by its values."""
    by_name = {p.name: p for p in profiles}
    labels = guesses.of("label")
    for column in guesses.of("prediction"):
        two = any(0 < len(by_name[name].classes) <= 2 for name in labels if name in by_name)
        if column in given or guesses.of("score") or not two or not by_name[column].is_share:
            continue
        what = f"{column!r} holds shares between 0 and 1 beside a label of two classes."
        answers = (f"--map score={column}", f"--map prediction={column}")
        guesses.ambiguities.append(Ambiguity(what, (column,), answers))
    for column in guesses.of("score"):
        profile = by_name[column]
        outside = profile.low is not None and (profile.low < 0 or (profile.high or 0) > 1)
        if outside and column not in given and not guesses.of("prediction"):
            what = f"{column!r} is named like a score and goes beyond 0 to 1."
            answers = (f"--map prediction={column}", f"--map score={column}")
            guesses.ambiguities.append(Ambiguity(what, (column,), answers))


def _score_by_value(profiles: Sequence[Profile], guesses: Guesses) -> None:
    """churn_probability: shares under a name that speaks of chance, beside no other score: asked."""
    if guesses.of("score") or any("score" in a.what for a in guesses.ambiguities):
        return
    names = [p.name for p in profiles if p.name not in guesses.roles and p.is_share]
    names = [name for name in names if set(normal_name(name).split("_")) & CHANCE_WORDS]
    if not names:
        return
    what = f"{' and '.join(map(repr, names))} could be the score: shares between 0 and 1."
    answers = tuple(f"--map score={n}" for n in names)
    answers += tuple(f"--map feature={n}" for n in names)
    guesses.ambiguities.append(Ambiguity(what, tuple(names), answers))


def _times_by_value(profiles: Sequence[Profile], guesses: Guesses) -> None:
    if guesses.of("timestamp") or any("timestamp" in a.what for a in guesses.ambiguities):
        return
    times = [p.name for p in profiles if p.name not in guesses.roles and p.is_time]
    if not times:
        return
    verb = "holds" if len(times) == 1 else "hold"
    what = (
        f"{' and '.join(map(repr, times))} {verb} times, and no column is named like a timestamp."
    )
    answers = tuple(f"--map timestamp={n}" for n in times)
    answers += tuple(f"--map feature={n}" for n in times)
    guesses.ambiguities.append(Ambiguity(what, tuple(times), answers))


def _labels_by_value(profiles: Sequence[Profile], guesses: Guesses, agree: Agree) -> None:
    """Columns with the prediction's own classes that go together with it: asked, never taken."""
    if guesses.of("label"):
        return
    by_name = {p.name: p for p in profiles}
    outputs = guesses.of("prediction") or [
        name for name in guesses.of("score") if guesses.roles[name].class_name is None
    ]
    if not outputs:
        return
    output = by_name[outputs[0]]
    is_score = output.is_share
    classes = {"0", "1"} if is_score else set(output.classes)
    if not 2 <= len(classes) <= 100 or output.is_numeric and not is_score and len(classes) > 2:
        return
    names = []
    for p in profiles:
        if p.name in guesses.roles or p.base_type == "BOOLEAN" or not 2 <= len(p.classes):
            continue
        if set(p.classes) <= classes and (agree(p.name, output.name) or 0.0) >= LOOKS_LIKE_LABEL:
            names.append(p.name)
    if names:
        what = f"{' and '.join(map(repr, names))} could be the label: the same values as {output.name!r}."
        answers = tuple(f"--map label={n}" for n in names)
        answers += tuple(f"--map feature={n}" for n in names)
        guesses.ambiguities.append(Ambiguity(what, tuple(names), answers))


def _rest_of_labels(profiles: Sequence[Profile], guesses: Guesses) -> None:
    rest = [p for p in profiles if p.name not in guesses.roles]
    times = [
        p.name for p in rest if p.is_time or p.epoch and tier_of("timestamp", p.name) is not None
    ]
    values = [p.name for p in rest if p.name not in times]
    if not guesses.of("label") and len(values) == 1:
        guesses.take(values[0], "label", "the one column beside the id")
    elif not guesses.of("label"):
        answers = tuple(f"--map label={name}" for name in values or [p.name for p in profiles])
        what = "Which column is the label?"
        guesses.ambiguities.append(Ambiguity(what, tuple(values), answers))
    if not guesses.of("prediction_id"):
        candidates = [p.name for p in rest if p.name not in guesses.roles]
        if not candidates:  # every column has a role by its name: customer_id may be the id, too
            candidates = [p.name for p in profiles if p.name not in guesses.of("label")]
        answers = tuple(f"--map prediction_id={name}" for name in candidates)
        what = "Which column is the id that labels are joined by?"
        guesses.ambiguities.append(Ambiguity(what, tuple(candidates), answers))
    if times and not guesses.of("label_time"):
        what = f"Is {times[0]!r} when the label became known?"
        answers = (f"--map label_time={times[0]}", f"--map ignore={times[0]}")
        guesses.ambiguities.append(Ambiguity(what, tuple(times), answers))
    for p in rest:
        if p.name not in guesses.roles:
            guesses.take(p.name, "ignore", "a log of labels has no features")
