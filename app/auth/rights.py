"""The one table of roles and what each may do. A role counts on the models it was granted for."""

from __future__ import annotations

import difflib

from analytics.errors import UsageError

RIGHTS = {
    "view": "see the numbers of a model",
    "explore": "look into distributions, quality and single predictions",
    "export": "download rows and results",
    "import": "add data to a model",
    "annotate": "write notes on charts and share views",
    "configure": "change a model's settings, schema and thresholds",
    "label": "label predictions",
    "review": "settle disagreements between labels",
    "feedback": "read and answer feedback",
    "respond": "look after incidents",
    "see_sensitive": "see sensitive columns unmasked",
    "admin": "manage users, grants and the audit trail",
}
SYSTEM_RIGHTS = frozenset({"admin"})  # not about one model: they need a grant on every model

ROLES: dict[str, frozenset[str]] = {
    "viewer": frozenset({"view"}),
    "annotator": frozenset({"view", "label"}),
    "product_owner": frozenset({"view", "export", "annotate", "feedback", "respond"}),
    "data_scientist": frozenset(RIGHTS) - {"admin"},
    "admin": frozenset(RIGHTS),
}
ROLE_TITLES = {
    "viewer": "Viewer",
    "annotator": "Annotator",
    "product_owner": "Product owner",
    "data_scientist": "Data scientist",
    "admin": "Admin",
}


def check_role(role: str) -> str:
    """The role itself; UsageError where there is none of that name."""
    return _known(role, ROLES, "role")


def check_right(right: str) -> str:
    """The right itself; UsageError where there is none of that name."""
    return _known(right, RIGHTS, "right")


def _known(name: str, table: object, kind: str) -> str:
    names = list(table)  # type: ignore[call-overload]
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Take one of: {', '.join(names)}."
    raise UsageError(f"There is no {kind} {name!r}.", "", hint)
