"""What the model's host uses, sampled and sent: ``telltale agent --url URL --key KEY``.

A value that cannot be read is left out, never sent as zero: a host without an NVIDIA driver has no
GPU columns, and the agent says so once.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics.errors import ConfigError

MB = 1 << 20
MOST_CORES = 64
MOST_WAITING = 3600  # samples that are kept while nobody answers
BATCH = 500
LONGEST_WAIT_S = 60.0
NO_DRIVER = "No NVIDIA driver: no GPU columns are sent."
NO_LIBRARY = "nvidia-ml-py is not installed: no GPU columns are sent."
DRIVER = Path("/proc/driver/nvidia")
CGROUP = Path("/sys/fs/cgroup")
PRESSURE = Path("/proc/pressure")
Sample = dict[str, float]


class Host:
    """Reads the host: rates are since the reading before."""

    def __init__(self, disk: str = "/") -> None:
        try:
            import psutil
        except ImportError as error:
            raise ConfigError(
                "The agent needs psutil.", "It is not installed here.", "pip install psutil"
            ) from error
        self._psutil, self._disk = psutil, disk
        self._before: tuple[float, dict[str, float]] | None = None
        psutil.cpu_percent(percpu=True)  # the first reading is of nothing

    def read(self) -> Sample:
        """The values of now."""
        ps = self._psutil
        cores = ps.cpu_percent(percpu=True)
        memory = ps.virtual_memory()
        found: Sample = {"cpu_percent": sum(cores) / len(cores)}
        found |= {f"cpu{i}_percent": value for i, value in enumerate(cores[:MOST_CORES])}
        found |= {"memory_percent": memory.percent, "memory_mb": memory.used / MB}
        found["disk_percent"] = ps.disk_usage(self._disk).percent
        return found | self._rates() | read_pressure() | read_cgroup()

    def _rates(self) -> Sample:
        disk, network = self._psutil.disk_io_counters(), self._psutil.net_io_counters()
        totals: dict[str, float] = {}
        if disk is not None:
            totals |= {"disk_read_mb_s": disk.read_bytes, "disk_write_mb_s": disk.write_bytes}
        if network is not None:
            totals |= {
                "network_in_mb_s": network.bytes_recv,
                "network_out_mb_s": network.bytes_sent,
            }
        now, before = time.monotonic(), self._before
        self._before = (now, totals)
        if before is None or now <= before[0]:
            return {}
        seconds = now - before[0]
        return {k: max(0.0, v - before[1].get(k, v)) / MB / seconds for k, v in totals.items()}


def read_pressure(folder: Path = PRESSURE) -> Sample:
    """Shares of time in which something waited for CPU, memory or disk (Linux pressure stalls)."""
    found: Sample = {}
    for name in ("cpu", "memory", "io"):
        try:
            first = (folder / name).read_text().splitlines()[0]
        except (OSError, IndexError):
            continue
        values = dict(piece.split("=") for piece in first.split()[1:])
        if "avg10" in values:
            found[f"pressure_{name}_percent"] = float(values["avg10"])
    return found


def read_cgroup(folder: Path = CGROUP) -> Sample:
    """What the container may use, and how much of it is used; nothing where there is no limit."""
    found: Sample = {}
    quota = _words(folder / "cpu.max")
    if not quota:
        old = (folder / "cpu" / "cpu.cfs_quota_us", folder / "cpu" / "cpu.cfs_period_us")
        quota = [word for file in old for word in _words(file)]
    if len(quota) == 2 and quota[0].isdigit() and int(quota[1]):
        found["container_cpu_limit"] = int(quota[0]) / int(quota[1])
    old_names = ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")
    for limit_name, used_name in (("memory.max", "memory.current"), old_names):
        limit, used = _words(folder / limit_name), _words(folder / used_name)
        if limit and used and limit[0].isdigit() and int(limit[0]) < 1 << 60:
            found["container_memory_limit_mb"] = int(limit[0]) / MB
            found["container_memory_percent"] = 100 * int(used[0]) / int(limit[0])
            break
    return found


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []


class Gpus:
    """The NVIDIA GPUs; ``why_none`` says why there are none."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        self.why_none = ""
        try:
            import pynvml

            pynvml.nvmlInit()
            n = pynvml.nvmlDeviceGetCount()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(n)]
            self._nvml = pynvml
        except ImportError:
            self.why_none = NO_LIBRARY if DRIVER.exists() else NO_DRIVER
        except Exception as error:
            self.why_none = NO_DRIVER if "LibraryNotFound" in type(error).__name__ else f"{error}"

    def read(self) -> Sample:
        """Mean use, memory and power of all together, and the hottest; each by itself where several."""
        each: list[Sample] = []
        for handle in self._handles:
            each.append(self._one(handle))
        found: Sample = {}
        if len(each) > 1:
            found |= {f"gpu{i}_{k}": v for i, one in enumerate(each) for k, v in one.items()}
        return found | together(each)

    def _one(self, handle: Any) -> Sample:
        nvml, found = self._nvml, Sample()
        calls: dict[str, Callable[[], float]] = {
            "percent": lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu,
            "memory_mb": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used / MB,
            "memory_percent": lambda: (
                100
                * nvml.nvmlDeviceGetMemoryInfo(handle).used
                / nvml.nvmlDeviceGetMemoryInfo(handle).total
            ),
            "power_w": lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000,
            "temperature_c": lambda: nvml.nvmlDeviceGetTemperature(handle, 0),
        }
        for name, call in calls.items():
            try:
                found[name] = float(call())
            except nvml.NVMLError:  # not every card tells everything
                continue
        return found


def together(each: list[Sample]) -> Sample:
    """Several GPUs as one: sums of memory and power, the hottest, means of shares."""
    found: Sample = {}
    for name in dict.fromkeys(name for one in each for name in one):
        values = [one[name] for one in each if name in one]
        if name in ("memory_mb", "power_w"):
            found[f"gpu_{name}"] = sum(values)
        else:
            found[f"gpu_{name}"] = (
                max(values) if name == "temperature_c" else sum(values) / len(values)
            )
    return found


SCRAPED = {
    "DCGM_FI_DEV_GPU_UTIL": ("percent", 1.0),
    "DCGM_FI_DEV_FB_USED": ("memory_mb", 1.0),
    "DCGM_FI_DEV_POWER_USAGE": ("power_w", 1.0),
    "DCGM_FI_DEV_GPU_TEMP": ("temperature_c", 1.0),
}
NODE = {
    "node_load1": ("load_1", 1.0),
    "node_memory_MemAvailable_bytes": ("memory_available_mb", 1 / MB),
}


def read_exposition(text: str) -> Sample:
    """The values of node_exporter and dcgm-exporter that are ours, from their text."""
    each: dict[str, Sample] = {}
    found: Sample = {}
    for line in text.splitlines():
        name, _, rest = line.partition("{")
        labels, _, value = rest.partition("}") if rest else ("", "", line.partition(" ")[2])
        name = name.partition(" ")[0]
        try:
            number = float(value.split()[0])
        except (ValueError, IndexError):
            continue
        if number != number:
            continue
        if name in SCRAPED:
            own, factor = SCRAPED[name]
            each.setdefault(labels, {})[own] = number * factor
        elif name in NODE:
            own, factor = NODE[name]
            found[own] = number * factor
    return found | together(list(each.values()))


class Sender:
    """Samples that wait, and batches of them sent with the same ids until they are answered."""

    def __init__(self, url: str, key: str, version: str | None = None) -> None:
        self._url, self._key = url.rstrip("/") + "/api/v1/resources/batch", key
        self._more = {"model_version": version} if version else {}
        self._waiting: deque[dict[str, Any]] = deque()
        self.n_dropped = self.n_sent = self.n_rejected = 0
        self.last_error = ""

    def add(self, values: Sample) -> None:
        """Keep a sample; the oldest is dropped and counted where too many wait."""
        moment = datetime.now(UTC).isoformat()
        item = {"id": str(uuid.uuid4()), "timestamp": moment, "values": values}
        self._waiting.append(item | self._more)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.n_dropped += 1

    def send(self) -> bool:
        """Send what waits; False where nobody took it, and it is kept."""
        while self._waiting:
            items = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
            answer = self._post({"items": items})
            if answer is None:
                return False
            n_bad = sum(1 for r in answer.get("results", ()) if r.get("status") == "rejected")
            self.n_sent, self.n_rejected = self.n_sent + len(items) - n_bad, self.n_rejected + n_bad
            for _ in items:
                self._waiting.popleft()
        return True

    def _post(self, body: dict[str, Any]) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
                found: dict[str, Any] = json.load(response)
                return found
        except urllib.error.HTTPError as error:
            with error:
                self.last_error = error.read(500).decode("utf-8", "replace")
            if error.code in (401, 403, 404):
                raise ConfigError(
                    f"Telltale refuses the samples: {error.code}.",
                    self.last_error,
                    "Make a key: telltale key add agent --model NAME --kind resources",
                ) from error
        except (OSError, ValueError) as error:
            self.last_error = str(error)
        return None


def run(
    sender: Sender,
    read: Callable[[], Sample],
    every_s: float,
    batch_s: float,
    stop: threading.Event,
) -> None:
    """Sample and send until stopped; who does not answer is asked more and more seldom."""
    due, wait_s = time.monotonic() + batch_s, batch_s
    while not stop.wait(every_s):
        sender.add(read())
        if time.monotonic() >= due:
            wait_s = batch_s if sender.send() else min(2 * wait_s, LONGEST_WAIT_S)
            due = time.monotonic() + wait_s
    sender.send()


def reader(host: Host, gpus: Gpus, scrapes: Iterable[str]) -> Callable[[], Sample]:
    """One function for all sources; an exporter that does not answer is left out."""
    addresses = tuple(scrapes)

    def read() -> Sample:
        found = host.read() | gpus.read()
        for address in addresses:
            try:
                with urllib.request.urlopen(address, timeout=2) as response:  # noqa: S310
                    found |= read_exposition(response.read(8 << 20).decode("utf-8", "replace"))
            except (OSError, ValueError):
                continue
        return found

    return read
