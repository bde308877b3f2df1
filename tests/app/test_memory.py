"""What an import may use: a share of the machine or of the container, or what the setting says."""

from __future__ import annotations

import os
import subprocess
import sys
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


HELD = """
import threading
import sys
from app.memory import give_back, keep_lean
keep_lean()
import duckdb

def held():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

cursor = duckdb.connect()
cursor.execute("SELECT 1").fetchall()
before = held()
cursor.execute("SELECT quantile_cont(hash(range) / 1e9, [0.1, 0.9]) FROM range(8_000_000)").fetchall()
with open("/proc/self/status") as lines:
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
if "at once" in sys.argv:
    give_back()
for _ in range(0 if "at once" in sys.argv else 200):
    if held() < before + 40:
        break
    threading.Event().wait(0.1)
print(before, peak, held())
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="only Linux tells what is held")
@pytest.mark.parametrize("how", ["by itself", "at once"])
def test_what_a_statement_held_is_given_back(how: str) -> None:
    bare = {k: v for k, v in os.environ.items() if k != "DUCKDB_JE_MALLOC_CONF"}
    done = subprocess.run(
        [sys.executable, "-c", HELD, how], env=bare, capture_output=True, text=True
    )
    before, peak, after = map(float, done.stdout.split())
    assert peak > before + 100
    assert after < before + 40


@pytest.mark.parametrize("module", ["app.server", "app.worker", "app.api", "app.monitors"])
def test_no_process_loads_the_engine_before_it_is_told(module: str) -> None:
    name = module if module == "app.server" else f"{module}.__main__"
    text = f"import sys, {name}; print('duckdb' in sys.modules, 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
