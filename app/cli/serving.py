"""What `telltale serving` says beside its numbers: errors by kind and by stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.core import Result
    from app.ask import Desk
    from app.questions import Asked

BESIDE = {"errors": "error_kinds", "stacks": "error_stacks"}


def more_of(desk: Desk, model: str, asked: Asked) -> dict[str, list[Result]]:
    """Results by their key in the answer; empty lists where names were asked for."""
    if asked.names:
        return {key: [] for key in BESIDE}
    return {key: desk.ask(name, model, asked)[2] for key, name in BESIDE.items()}
