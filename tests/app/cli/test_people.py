"""Accounts, grants and the audit trail from the command line."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., tuple[int, Any, str]]


def test_an_account_gets_a_grant_and_loses_it(telltale: Run) -> None:
    telltale("user", "add", "root", "--role", "admin")
    telltale("user", "grant", "root", "admin", "*")
    status, made, _err = telltale("user", "add", "ann", "--role", "data_scientist")
    assert status == 0
    assert len(made["password"]) >= 12
    assert telltale("user", "grant", "ann", "data_scientist", "*")[0] == 0
    people = telltale("user", "list")[1]["users"]
    assert people[0]["grants"] == ["data_scientist on *"]
    assert telltale("user", "revoke", "ann", "data_scientist", "*")[0] == 0
    assert telltale("user", "list")[1]["users"][0]["grants"] == []


def test_what_cannot_be_says_what_and_what_to_do(telltale: Run) -> None:
    status, out, err = telltale("user", "add", "ann", "--role", "data_scientst")
    assert (status, out) == (2, None)
    assert "data_scientist" in err
    telltale("user", "add", "ann", "--role", "viewer")
    status, _out, err = telltale("user", "grant", "ann", "viewer", "nowhere")
    assert status == 2
    assert "no model 'nowhere'" in err
    assert "Traceback" not in err


def test_the_trail_holds_until_somebody_changes_it(telltale: Run, tmp_path: Path) -> None:
    telltale("user", "add", "ann", "--role", "viewer")
    status, found, _err = telltale("audit", "verify")
    assert (status, found["broken_at"]) == (0, None)
    assert found["n"] >= 1
    raw = sqlite3.connect(tmp_path / "home" / "telltale.db")
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 1")
    raw.commit()
    raw.close()
    status, found, _err = telltale("audit", "verify")
    assert (status, found["broken_at"]) == (1, 1)
