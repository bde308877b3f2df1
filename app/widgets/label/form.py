"""What a labelling project asks, as the desk needs it: answers, keys, guidelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.label_keys import ACTIONS, Choice, FormKind, choices, default_keys, form_kind, keys_of

if TYPE_CHECKING:
    from app.state.labels import Project

GENERAL = ""  # the guideline that is about no answer in particular
OTHERS = ("unsure", "skip", "flag")
TOLD_AFTER = ("after", "tenth")  # policies that tell what the model said once the answer is stored
QUEUES = {
    "uncertain": "Uncertain",
    "misclassified": "Misclassified",
    "disagreement": "Disagreement",
    "diverse": "Diverse",
    "slice": "Slice",
    "active": "Active testing",
    "random": "Random",
    "chosen": "Chosen by hand",
    "skipped": "My skipped",
}


@dataclass(frozen=True, slots=True)
class Form:
    """How a card is answered. ``guides`` are (answer, what it means, an example)."""

    kind: FormKind
    question: str
    guideline: str
    guides: tuple[tuple[str, str, str], ...]
    choices: tuple[Choice, ...]
    keys: Mapping[str, str]
    defaults: Mapping[str, str]
    guard_ms: int
    policy: str

    def key(self, name: str) -> str:
        """The key of an action as it is written on a button."""
        return self.keys.get(name, "").upper()


def form_of(project: Project, own: Mapping[str, str]) -> Form:
    """The form of a project, with somebody's own keys."""
    setup = project.setup
    kind = form_kind(setup.kind, setup.classes)
    guides = tuple(
        (name, guide.text, ", ".join(guide.examples))
        for name, guide in setup.guideline.items()
        if name != GENERAL and (guide.text or guide.examples)
    )
    general = setup.guideline.get(GENERAL)
    return Form(
        kind,
        setup.question,
        general.text if general else "",
        guides,
        choices(kind, setup.classes),
        keys_of(kind, setup.classes, own),
        default_keys(kind, setup.classes),
        setup.guard_ms,
        setup.policy,
    )


def form_values(form: Form) -> dict[str, Any]:
    """The form as plain values for the fast desk."""
    return {
        "kind": form.kind,
        "question": form.question,
        "guideline": form.guideline,
        "guide": [{"value": v, "text": t, "example": e} for v, t, e in form.guides],
        "choices": [{"value": c.value, "label": c.value, "key": c.key} for c in form.choices],
        "keys": dict(form.keys),
        "default_keys": dict(form.defaults),
        "key_names": [[name, ACTIONS[name][0]] for name in form.keys],
        "others": [{"name": name, "label": ACTIONS[name][0]} for name in OTHERS],
        "value_label": "Value",
        "guard_ms": form.guard_ms,
        "told_after": form.policy in TOLD_AFTER,
    }
