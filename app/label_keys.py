"""Which key does what while labelling: answers on digits, actions on letters, both can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from analytics.errors import UsageError

FormKind = Literal["classes", "wide", "value"]
RESERVED = ("c", "r")  # the browser's page keeps them, with any modifier
MOST_BUTTONS = 9
ACTIONS = {
    "unsure": ("Unsure", "0"),
    "skip": ("Skip", "s"),
    "flag": ("Flag", "f"),
    "undo": ("Undo", "z"),
    "comment": ("Comment", "m"),
    "guideline": ("Guidelines", "g"),
    "prediction": ("What the model said", "p"),
    "zoom": ("Enlarge the picture", "v"),
    "find": ("Find a class", "n"),
    "help": ("Keys", "h"),
}
WITHOUT_ZERO = "u"  # "unsure" where 0 is a class or a digit of a number


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that a button gives, with its key ("" where it has none)."""

    value: str
    key: str


def form_kind(kind: str, classes: Sequence[str]) -> FormKind:
    """How answers are given: a button each, by typing a class, or as a number."""
    if kind == "value":
        return "value"
    return "classes" if len(classes) <= MOST_BUTTONS or are_digits(classes) else "wide"


def are_digits(classes: Sequence[str]) -> bool:
    """Whether every class is one digit, which is then its own key."""
    return bool(classes) and all(len(c) == 1 and c.isdecimal() and c.isascii() for c in classes)


def choices(kind: FormKind, classes: Sequence[str]) -> tuple[Choice, ...]:
    """The answers with their keys; those of a wide set move, so they have none of their own."""
    if kind == "classes" and are_digits(classes):
        return tuple(Choice(value, value) for value in classes)
    if kind == "classes":
        return tuple(Choice(value, str(i)) for i, value in enumerate(classes, 1))
    return tuple(Choice(value, "") for value in classes)


def default_keys(kind: FormKind, classes: Sequence[str]) -> dict[str, str]:
    """The keys of the actions as they are until somebody changes them."""
    keys = {name: key for name, (_, key) in ACTIONS.items()}
    if kind == "value" or (kind == "classes" and "0" in classes and are_digits(classes)):
        keys["unsure"] = WITHOUT_ZERO
    if kind != "wide":
        del keys["find"]
    return keys


def keys_of(kind: FormKind, classes: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """The defaults with a person's own keys on top, as far as these clash with no answer."""
    keys = default_keys(kind, classes)
    taken = {choice.key for choice in choices(kind, classes)} | set(RESERVED)
    if kind != "classes":
        taken |= set("123456789") if kind == "wide" else set("0123456789")
    wished = {n: k.lower() for n, k in own.items() if n in keys and k.lower() not in taken}
    merged = keys | wished
    if len(set(merged.values())) < len(merged):
        return keys
    return merged


def check_keys(keys: Mapping[str, str]) -> dict[str, str]:
    """The keys as they may be kept; UsageError for one that is no key, reserved or given twice."""
    kept = {name: str(key).lower() for name, key in keys.items() if name in ACTIONS}
    for name, key in kept.items():
        if len(key) != 1 or not (key.isascii() and key.isalnum()) or key in RESERVED:
            raise UsageError(
                f"{key!r} cannot be the key for {ACTIONS[name][0]!r}.",
                "A key is one letter or digit; C and R belong to the browser's page.",
                "Choose another letter.",
            )
    if len(set(kept.values())) < len(kept):
        raise UsageError("Two actions cannot share a key.", "", "Choose another letter for one.")
    return kept
