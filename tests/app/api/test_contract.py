"""The OpenAPI document is kept: whatever is made from it, no answer is a fault of ours.

``TELLTALE_CONTRACT_EXAMPLES`` asks for more than the few that every run makes.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from app.api.application import make_app
from app.settings import settings_in_force
from app.state.database import Database

N = int(os.environ.get("TELLTALE_CONTRACT_EXAMPLES", "6"))
KINDS = ("feedback", "events", "predictions", "labels", "errors", "resources")


def test_nothing_made_from_the_document_is_a_fault(home: Database, make_key: Any) -> None:
    keys = {kind: make_key(kind, may_read=kind == "feedback") for kind in KINDS}
    old = settings_in_force()
    app = make_app(type(old)({**old.values, "api_rate": 1_000_000}), home)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    asked: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        kind = next((kind for kind in KINDS if f"/{kind}" in operation.path), "predictions")
        _ask(operation, keys[kind], asked)
    assert len(set(asked)) > 10


def _ask(operation: Any, headers: dict[str, str], asked: list[str]) -> None:
    """Requests made from one operation."""

    @settings(max_examples=N, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        asked.append(operation.label)
        case.call_and_validate(headers=headers, checks=[not_a_server_error])

    ask()
