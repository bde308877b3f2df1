"""What the documents promise about make is what make does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
DOCUMENTS = ("README.md", "CONTRIBUTING.md")


def targets(makefile: str) -> set[str]:
    """The targets that a person may call."""
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def named(text: str) -> set[str]:
    """The targets that a text tells its reader to call: as code or on a line of a block."""
    return set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE))


def test_named_targets_are_found_as_code_and_in_blocks() -> None:
    assert named("Call `make a-b`.\n```\nmake c   # what\n```\nIt will make do.") == {"a-b", "c"}


def test_targets_are_found() -> None:
    assert targets("A := 1\nrun: x ## y\n\ttest: no\n$(STAMP): x\n") == {"run"}


def test_documents_name_only_targets_that_exist() -> None:
    found = {name for document in DOCUMENTS for name in named((ROOT / document).read_text())}
    assert {"run", "test"} <= named((ROOT / "README.md").read_text())
    assert found - targets(MAKEFILE) == set()


def test_help_prints_every_target() -> None:
    printed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^ +make ([a-z-]+)", printed, re.MULTILINE)) == targets(MAKEFILE)


def test_no_target_is_mistaken_for_a_file() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets(MAKEFILE)


def test_what_lands_runs_the_whole_test_and_needs_the_browser() -> None:
    script = ROOT / ".ci" / "run"
    lines = script.read_text().splitlines()
    assert script.stat().st_mode & 0o100
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert "export TELLTALE_REQUIRE_BROWSER=1" in lines
    assert lines[-1] == "make test"
