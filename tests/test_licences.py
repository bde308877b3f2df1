"""What is installed with Telltale is under a permissive licence, or named in docs/licences.md."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
PLAIN = re.compile(r"\b(MIT|BSD|Apache|ISC|zlib|HPND|PSF|Python Software Foundation|0BSD|CNRI)\b")
EXTRAS = ("alerts", "agent", "postgres", "drift-detectors")


def asked() -> list[Requirement]:
    """What pyproject.toml asks for, its extras for use included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lists = [project["dependencies"], *(extras[name] for name in EXTRAS)]
    return [Requirement(text) for one in lists for text in one]


def closure() -> dict[str, Distribution]:
    """Every distribution that Telltale and its extras for use bring."""
    found: dict[str, Distribution] = {}
    waiting = [(need.name, more) for need in asked() for more in ("", *need.extras)]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        try:
            one = distribution(name)
        except PackageNotFoundError:
            continue
        found[re.sub(r"[-_.]+", "-", name).lower()] = one
        for text in one.requires or ():
            need = Requirement(text)
            if need.marker is not None and not need.marker.evaluate({"extra": extra}):
                continue
            for more in ("", *need.extras):
                if (need.name, more) not in seen:
                    seen.add((need.name, more))
                    waiting.append((need.name, more))
    return found


def is_there(name: str) -> bool:
    """Whether it is installed."""
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def licence_of(one: Distribution) -> str:
    """What its metadata say."""
    said = [one.metadata.get("License-Expression") or "", (one.metadata.get("License") or "")[:200]]
    said += [c for c in one.metadata.get_all("Classifier") or [] if c.startswith("License")]
    return " ".join(said)


def test_what_is_not_permissive_is_named_and_what_is_named_is_there() -> None:
    found = closure()
    assert {"streamlit", "duckdb", "certifi"} <= set(found)
    assert "river" in found or not is_there("river")  # the extra drift-detectors
    exceptions = {name for name, one in found.items() if not PLAIN.search(licence_of(one))}
    rows = re.findall(r"^\| ([a-z0-9, -]+) \| (?:MPL|LGPL|GPL)", PAGE.read_text(), re.MULTILINE)
    named = {name.strip() for row in rows for name in row.split(",")}
    assert exceptions - named == set()
    assert named & set(found) <= exceptions
