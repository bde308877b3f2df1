"""How much memory this process may use: what the machine has, or what its cgroup was given."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path

from analytics.errors import ConfigError

MB = 1_000_000
UNITS = {"": 1, "k": 1_000, "m": MB, "g": 1000 * MB, "t": MB * MB}
UNITS |= {"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40}
SHARE = 0.25
MOST_MB, LEAST_MB = 1000, 256
CGROUP = Path("/sys/fs/cgroup")
ARENA_MAX, ARENAS = -8, 2  # of mallopt
MMAP_THRESHOLD, LARGE = -3, 1 << 20  # what is larger stands by itself, and goes when freed
# of the allocator that DuckDB brings along: a thread of its own gives back what nobody took for 0.1 s
ENGINE_CONF = "background_thread:true,dirty_decay_ms:100,muzzy_decay_ms:0"
ENGINE_PURGE = b"arena.4096.purge"  # of all its arenas


def read_bytes(text: str) -> int:
    """Bytes of a size such as 800MB or 1.5GiB; ConfigError for anything else."""
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?i?)b?\s*", text.lower())
    if found is None or found[2] not in UNITS:
        raise ConfigError(
            f"{text!r} is no size of memory.", "", "Write a number with its unit, such as 800MB."
        )
    return int(float(found[1]) * UNITS[found[2]])


def import_memory(setting: str) -> str:
    """What one import may use: the setting, or a quarter of what there is, 1 GB at most."""
    if setting.strip().lower() != "auto":
        return f"{max(read_bytes(setting) // MB, 1)}MB"
    return f"{max(LEAST_MB, min(MOST_MB, int(SHARE * machine_bytes() / MB)))}MB"


def at_most(memory: str, most: int) -> str:
    """A size of memory, or so many bytes where that is less."""
    return f"{min(read_bytes(memory), most) // MB}MB"


def machine_bytes(cgroup: Path = CGROUP, own: Path = Path("/proc/self/cgroup")) -> int:
    """The memory of the machine, or the least that a cgroup above this process was given."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [physical]
    for file in _limit_files(cgroup, own):
        try:
            text = file.read_text().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) > 0:
            limits.append(int(text))
    return min(limits)


def _limit_files(cgroup: Path, own: Path) -> list[Path]:
    """Where limits stand: of version 2 at each step from the root to our own group, and of version 1."""
    files = [cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"]
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return files
    for line in lines:
        _number, controllers, path = line.split(":", 2)
        is_old = "memory" in controllers.split(",")
        if controllers and not is_old:
            continue
        root, name = (cgroup, "memory.max")
        if is_old:
            root, name = cgroup / "memory", "memory.limit_in_bytes"
        for piece in Path(path.strip("/")).parts:
            root /= piece
            files.append(root / name)
    return files


def keep_lean() -> None:
    """Let this process give memory back once it is free; call it before duckdb or pyarrow is imported.

    glibc keeps what was freed in an arena for each thread, and the allocators of DuckDB and Arrow hold
    on to pages: DuckDB's to half a gigabyte after one question about ten million rows.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", ENGINE_CONF)
    if (mallopt := getattr(_libc(), "mallopt", None)) is not None:
        mallopt(ARENA_MAX, ARENAS)
        mallopt(MMAP_THRESHOLD, LARGE)


def give_back() -> None:
    """Give what is free to the system at once, where it can: of the heap, and of DuckDB's own."""
    if (trim := getattr(_libc(), "malloc_trim", None)) is not None:
        trim(0)
    file = getattr(sys.modules.get("_duckdb"), "__file__", None)
    control = getattr(ctypes.CDLL(file), "duckdb_je_mallctl", None) if file else None
    if control is not None:
        control(ENGINE_PURGE, None, None, None, ctypes.c_size_t(0))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
