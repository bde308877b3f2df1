"""Resources of a machine: what each is called, its unit, whether it has a limit, which was full first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.core import Estimate
from analytics.stats.intervals import share_estimate

FULL = 95.0  # per cent from which a resource counts as full
MIN_FULL = 3  # samples at that: one alone may be a hiccup
NAMES = {
    "cpu_percent": "CPU",
    "memory_mb": "Memory",
    "memory_percent": "Memory",
    "memory_available_mb": "Memory available",
    "disk_percent": "Disk",
    "gpu_percent": "GPU",
    "gpu_memory_mb": "GPU memory",
    "gpu_memory_percent": "GPU memory",
    "gpu_power_w": "GPU power",
    "gpu_temperature_c": "GPU temperature",
    "disk_read_mb_s": "Disk read",
    "disk_write_mb_s": "Disk written",
    "network_in_mb_s": "Network in",
    "network_out_mb_s": "Network out",
    "pressure_cpu_percent": "Waiting for CPU",
    "pressure_memory_percent": "Waiting for memory",
    "pressure_io_percent": "Waiting for disk",
    "container_memory_percent": "Container memory",
    "container_memory_limit_mb": "Container memory limit",
    "container_cpu_limit": "Container CPU limit, cores",
    "load_1": "Load, processes",
}
UNITS = {
    "percent": "%", "mb_s": "MB/s", "kb_s": "kB/s", "mb": "MB", "gb": "GB", "kb": "kB",
    "bytes": "bytes", "w": "W", "c": "°C", "mhz": "MHz", "ms": "ms", "s": "s",
}  # fmt: skip
_UNIT = re.compile(rf"(?:^|_)({'|'.join(sorted(UNITS, key=len, reverse=True))})$", re.IGNORECASE)
NO_LIMIT = re.compile(r"pressure_")  # a share of time that somebody waited: no limit to reach


@dataclass(frozen=True, slots=True)
class Resource:
    """A column of the log of resources in words; ``unit`` is empty where its name tells none."""

    column: str
    name: str
    unit: str

    @property
    def label(self) -> str:
        """Name and unit; per cent and MB are written with the value."""
        return self.name if self.unit in ("", "%", "MB") else f"{self.name}, {self.unit}"

    @property
    def kind(self) -> str:
        """The unit that values are written in."""
        return {"%": "percent", "MB": "MB"}.get(self.unit, "label")


def resource_of(column: str) -> Resource:
    """What a column measures, by its name.

    >>> resource_of("gpu_power_w").label, resource_of("queue_length").unit, resource_of("cpu3_percent").name
    ('GPU power, W', '', 'cpu3')
    """
    found = _UNIT.search(column)
    unit = UNITS[found.group(1).lower()] if found else ""
    rest = column[: found.start()] if found else column
    return Resource(column, NAMES.get(column, rest or column), unit)


@dataclass(frozen=True, slots=True)
class Use:
    """Samples of one resource: how many, how high, and how many at ``FULL`` per cent or more."""

    resource: Resource
    n: int
    mean: float
    p95: float
    largest: float
    n_full: int = 0
    first_full: datetime | None = None

    @property
    def has_limit(self) -> bool:
        """Whether 100 % is all there is: of several cores one process may use more."""
        is_share = self.resource.unit == "%" and not NO_LIMIT.match(self.resource.column)
        return is_share and self.largest <= 100.5

    @property
    def was_full(self) -> bool:
        """Whether it was at its limit in more samples than a hiccup gives."""
        return self.has_limit and self.n_full >= MIN_FULL


def share_full(use: Use) -> Estimate:
    """The share of samples in which the resource was full."""
    if not use.has_limit:
        return Estimate.undefined("no limit is known for it: nothing to compare with", use.n)
    return share_estimate(use.n_full / use.n, use.n, use.n)


def first_full(uses: Sequence[Use]) -> Use | None:
    """The resource that was full first; None where none was."""
    full = [u for u in uses if u.was_full and u.first_full is not None]
    return min(full, key=lambda u: (u.first_full or datetime.max, u.resource.column), default=None)


def has_gpu(columns: Sequence[str]) -> bool:
    """Whether anything of a GPU was measured."""
    return any(c.lower().startswith("gpu") for c in columns)
