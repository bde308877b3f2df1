"""What an import may use: a share of the machine or of the container, or what the setting says."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.errors import ConfigError
from app import memory
from app.memory import MB, import_memory, machine_bytes, read_bytes
from app.settings import read_settings


@pytest.mark.parametrize(
    ("text", "n"),
    [("800MB", 800 * MB), ("1.5 GiB", 3 << 29), ("2g", 2000 * MB), ("512", 512), ("1kib", 1024)],
)
def test_sizes(text: str, n: int) -> None:
    assert read_bytes(text) == n


@pytest.mark.parametrize("text", ["", "lots", "80%", "-1GB", "i", "1ib"])
def test_what_is_no_size_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ConfigError, match="800MB"):
        read_settings({"TELLTALE_IMPORT_MEMORY": text}, Path("nothing.toml"))


@pytest.mark.parametrize(("there", "used"), [(64_000, "1000MB"), (2000, "500MB"), (400, "256MB")])
def test_a_quarter_and_not_more_than_a_gigabyte(
    there: int, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "machine_bytes", lambda: there * MB)
    assert import_memory("auto") == used
    assert import_memory("3GB") == "3000MB"


def test_a_limit_above_our_own_group_counts(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/service/import\n")
    inner = tmp_path / "service" / "import"
    inner.mkdir(parents=True)
    (inner / "memory.max").write_text("max\n")
    (tmp_path / "service" / "memory.max").write_text(f"{100 * MB}\n")
    assert machine_bytes(tmp_path, own) == 100 * MB


def test_the_older_kind_of_group(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("5:cpu:/x\n4:memory,hugetlb:/box\n")
    folder = tmp_path / "memory" / "box"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text(f"{200 * MB}\n")
    assert machine_bytes(tmp_path, own) == 200 * MB


def test_without_groups_it_is_the_machine(tmp_path: Path) -> None:
    assert machine_bytes(tmp_path, tmp_path / "none") > 200 * MB
