"""The agent: what is read on this host, what an exporter or a card tells, and sending it once."""

from __future__ import annotations

import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import ConfigError
from app.agent import (
    MOST_WAITING,
    NO_DRIVER,
    Gpus,
    Host,
    Sender,
    read_cgroup,
    read_exposition,
    read_pressure,
    reader,
    run,
)

DCGM = """# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="a"} 40
DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="b"} 60
DCGM_FI_DEV_FB_USED{gpu="0",UUID="a"} 1000
DCGM_FI_DEV_FB_USED{gpu="1",UUID="b"} 500
DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="a"} 51
DCGM_FI_DEV_GPU_TEMP{gpu="1",UUID="b"} NaN
node_load1 0.25
node_memory_MemAvailable_bytes 2.097152e+06
broken
"""


def test_this_host_is_read_without_inventing_anything() -> None:
    host = Host()
    first, second = host.read(), host.read()
    assert 0 <= first["cpu_percent"] <= 100 and 0 < first["memory_percent"] <= 100
    assert "disk_read_mb_s" not in first  # a rate needs two readings
    assert all(value >= 0 for value in second.values())


def test_a_host_without_a_driver_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in: Any = types.ModuleType("pynvml")

    class NVMLErrorLibraryNotFound(Exception):
        pass

    def fail() -> None:
        raise type("NVMLError_LibraryNotFound", (Exception,), {})

    stand_in.nvmlInit = fail
    monkeypatch.setitem(sys.modules, "pynvml", stand_in)
    gpus = Gpus()
    assert gpus.why_none == NO_DRIVER and gpus.read() == {}


def test_cards_are_read_one_by_one_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in: Any = types.ModuleType("pynvml")
    stand_in.NVMLError = type("NVMLError", (Exception,), {})

    def no_power(handle: int) -> float:
        raise stand_in.NVMLError

    stand_in.nvmlInit = lambda: None
    stand_in.nvmlDeviceGetCount = lambda: 2
    stand_in.nvmlDeviceGetHandleByIndex = lambda i: i
    stand_in.nvmlDeviceGetUtilizationRates = lambda i: types.SimpleNamespace(gpu=10 * (i + 1))
    memory = types.SimpleNamespace(used=1 << 30, total=4 << 30)
    stand_in.nvmlDeviceGetMemoryInfo = lambda i: memory
    stand_in.nvmlDeviceGetPowerUsage = no_power
    stand_in.nvmlDeviceGetTemperature = lambda i, _sensor: 50 + i
    monkeypatch.setitem(sys.modules, "pynvml", stand_in)
    found = Gpus().read()
    assert (found["gpu0_percent"], found["gpu1_percent"], found["gpu_percent"]) == (10, 20, 15)
    assert (found["gpu_memory_mb"], found["gpu_memory_percent"]) == (2048, 25)
    assert found["gpu_temperature_c"] == 51 and "gpu_power_w" not in found


def test_exporters_are_read_as_they_write() -> None:
    found = read_exposition(DCGM)
    assert found == {
        "gpu_percent": 50.0,
        "gpu_memory_mb": 1500.0,
        "gpu_temperature_c": 51.0,
        "load_1": 0.25,
        "memory_available_mb": 2.0,
    }


def test_limits_and_pressure_of_a_container(tmp_path: Path) -> None:
    assert read_cgroup(tmp_path) == {} and read_pressure(tmp_path) == {}
    for name, text in (
        ("cpu.max", "150000 100000\n"),
        ("memory.max", "1048576\n"),
        ("memory.current", "262144\n"),
        ("io", "some avg10=1.25 avg60=0.10 avg300=0.00 total=1\nfull avg10=0.00\n"),
    ):
        (tmp_path / name).write_text(text)
    assert read_cgroup(tmp_path) == {
        "container_cpu_limit": 1.5,
        "container_memory_limit_mb": 1.0,
        "container_memory_percent": 25.0,
    }
    assert read_pressure(tmp_path) == {"pressure_io_percent": 1.25}
    (tmp_path / "memory.max").write_text("max\n")
    assert "container_memory_percent" not in read_cgroup(tmp_path)


def test_samples_wait_while_nobody_answers_and_go_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender("http://127.0.0.1:9", "k", version="7")
    posted: list[Any] = []
    answers: list[Any] = [None, {"results": [{"status": "accepted"}, {"status": "rejected"}]}]

    def post(body: Any) -> Any:
        posted.append([item["id"] for item in body["items"]])
        return answers.pop(0)

    monkeypatch.setattr(sender, "_post", post)
    for value in (1.0, 2.0):
        sender.add({"cpu_percent": value})
    assert not sender.send()
    assert sender.send() and posted[0] == posted[1]
    assert (sender.n_sent, sender.n_rejected, sender.n_dropped) == (1, 1, 0)
    for _ in range(MOST_WAITING + 3):
        sender.add({"cpu_percent": 1.0})
    assert sender.n_dropped == 3


def test_a_sample_of_the_loop_is_sent_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    sender, stop = Sender("http://127.0.0.1:9", "k"), threading.Event()
    sent: list[Any] = []
    monkeypatch.setattr(sender, "_post", lambda body: sent.extend(body["items"]) or {})

    def read() -> dict[str, float]:
        if len(sender._waiting) == 2:
            stop.set()
        return {"cpu_percent": 1.0}

    run(sender, read, 0.001, 1000.0, stop)
    assert len(sent) == 3
    broken = reader(Host(), Gpus(), ["http://127.0.0.1:9/metrics"])
    assert "cpu_percent" in broken()


def test_a_key_that_is_not_taken_stops_the_agent(client_port: str) -> None:
    sender = Sender(client_port, "wrong")
    sender.add({"cpu_percent": 1.0})
    with pytest.raises(ConfigError, match="refuses"):
        sender.send()


@pytest.fixture
def client_port() -> Any:
    """An address that answers 401."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(401)
            self.end_headers()
            self.wfile.write(b"no")

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Refuse)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
