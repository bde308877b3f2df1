"""The client and every snippet of docs/sending.md, against an API that listens on a port."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from app.api.application import make_app
from app.ingest.drain import drain
from app.ingest.words import Place
from app.settings import settings_in_force
from app.state.database import Database
from app.state.logs import home_of, load_dataset

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "sending.md").read_text()


def snippet(heading: str) -> str:
    """The code below a heading of the page."""
    found = re.search(rf"## {re.escape(heading)}.*?```\w+\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None, heading
    return found[1]


def load_client() -> Any:
    spec = importlib.util.spec_from_file_location(
        "telltale_client", ROOT / "docs" / "client" / "telltale_client.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Api:
    """An API on a port, in a thread; it can be taken away and brought back."""

    def __init__(self, home: Database) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.server: uvicorn.Server | None = None

    def start(self) -> None:
        self.app = make_app(settings_in_force(), self.home)
        config = uvicorn.Config(self.app, port=self.port, log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        gate = threading.Event()
        while not self.server.started:
            gate.wait(0.02)

    def stop(self) -> None:
        if self.server is not None:
            self.server.should_exit = True
            self.thread.join()
            if hasattr(self.app.state, "wal"):
                self.app.state.wal[0].close()
            self.server = None

    def ids(self, kind: Any = "predictions") -> list[str]:
        """Ids in the log, once it took everything."""
        import pyarrow.parquet as pq

        self.stop()
        drain(Place(home_of(self.home), self.home, "test", threads=1))
        parts = load_dataset(self.home, "flights").log(kind).parts
        tables = [pq.read_table(part.path, partitioning=None) for part in parts]
        return sorted(i for table in tables for i in table["prediction_id"].to_pylist())


@pytest.fixture
def api(home: Database) -> Iterator[Api]:
    made = Api(home)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def environment(api: Api, make_key: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables and the module that the snippets ask for."""
    monkeypatch.setenv("TELLTALE_URL", api.url)
    for kind, name in (("predictions", "TELLTALE_KEY"), ("labels", "TELLTALE_LABELS_KEY")):
        monkeypatch.setenv(name, make_key(kind)["Authorization"].split()[1])
    monkeypatch.setitem(sys.modules, "telltale_client", load_client())


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "docs/sending.md", "exec"), names)  # our own page
    return names


def test_the_curl_snippet(environment: None, api: Api) -> None:
    ran = subprocess.run(["bash", "-c", snippet("curl")], capture_output=True, text=True)
    assert '"accepted"' in ran.stdout, ran.stderr
    assert api.ids() == ["curl-1"]


def test_the_fastapi_snippet(environment: None, api: Api, client_of: Any) -> None:
    names = run(snippet("Python, and FastAPI"))
    answer = client_of(names["app"]).post("/predict", json={"distance": 700.0})
    assert answer.json()["late"] is True
    assert names["telltale"].close(30)
    assert api.ids() == [answer.json()["prediction_id"]]


def test_the_bentoml_snippet(environment: None, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decorators that leave a function as it is stand in for the package."""
    stand_in: Any = types.ModuleType("bentoml")
    stand_in.service = stand_in.api = lambda given: given
    monkeypatch.setitem(sys.modules, "bentoml", stand_in)
    names = run(snippet("BentoML"))
    assert names["Late"]().predict(distance=300.0) == {"prediction_id": "bento-1", "late": False}
    assert names["telltale"].close(30)
    assert api.ids() == ["bento-1"]


def test_the_airflow_snippet(environment: None, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decorators that run a function at once stand in for the package."""
    stand_in: Any = types.ModuleType("airflow.decorators")
    stand_in.dag = stand_in.task = lambda **_options: lambda function: function
    monkeypatch.setitem(sys.modules, "airflow", types.ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.decorators", stand_in)
    run(snippet("Airflow: labels once a day"))
    assert api.ids("labels") == ["curl-1"]


def test_an_api_that_is_away_costs_nothing_but_time(environment: None, api: Api) -> None:
    import numpy as np

    api.stop()
    sender = load_client().Telltale(
        api.url, predictions=os.environ["TELLTALE_KEY"], most_waiting=50, batch=10, every_s=0.05
    )
    ids = [
        sender.prediction(f"p{i}", features={"x": np.float32(1.5), "y": float("nan")})
        for i in range(60)
    ]
    assert ids[0] == "p0" and sender.counts["dropped"] == 10
    assert not sender.flush(0.5)
    api.start()
    assert sender.flush(60), sender.last_error
    assert (sender.counts["sent"], sender.counts["rejected"]) == (50, 0)
    assert sender.counts["retries"] > 0
    sender.close()
    assert api.ids() == sorted(f"p{i}" for i in range(50))


def test_what_cannot_be_sent_is_counted_and_raises_nothing(environment: None, api: Api) -> None:
    sender = load_client().Telltale(api.url, predictions="wrong", every_s=0.05)
    sender.prediction(prediction=object())  # no JSON
    sender.prediction(prediction=1)  # the key is not known
    sender.label("p", 1)  # no key of that kind
    assert sender.flush(30)
    assert (sender.counts["dropped"], sender.counts["rejected"]) == (2, 1)
    assert "key" in sender.last_error
    sender.close()


def test_the_kserve_snippet(environment: None, api: Api) -> None:
    """The logger posts binary CloudEvents to the address of the manifest."""
    import httpx
    import yaml

    manifest = yaml.safe_load(snippet("KServe, SageMaker, BentoML, OpenTelemetry"))
    url = manifest["spec"]["predictor"]["logger"]["url"]
    url = url.replace("http://telltale:8502", api.url).replace("KEY", os.environ["TELLTALE_KEY"])
    headers = {"ce-id": "e", "ce-source": "s", "ce-time": "2026-03-01T12:00:00Z"}
    sides: dict[str, Any] = {
        "request": {"instances": [[1.5]]},
        "response": {"predictions": [1]},
    }
    for side, body in sides.items():
        headers["ce-type"] = f"org.kubeflow.serving.inference.{side}"
        assert httpx.post(url, json=body, headers=headers).status_code == 200
    assert api.ids() == ["e"]


def test_the_agent_snippet(
    environment: None, api: Api, make_key: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = make_key("resources")["Authorization"].split()[1]
    monkeypatch.setenv("TELLTALE_RESOURCES_KEY", secret)
    code = snippet("Resources of the model's host")
    code = code.replace("telltale agent", f"{sys.executable} -m app.cli agent")
    ran = subprocess.run(["bash", "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert '"sent": true' in ran.stdout, ran.stderr
    assert len(api.ids("resources")) == 1
