"""A model's scoring endpoint, where an admin has named one: a row goes out, a score comes back."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from analytics.errors import ConfigError, TelltaleError
from app.auth.viewer import Viewer
from app.settings import Settings
from app.state.database import Database

MOST_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Scored:
    """What an endpoint said of a row."""

    prediction: Any = None
    score: float | None = None


def endpoint_of(settings: Settings, model: str) -> str | None:
    """The address that an admin has set for the model; ConfigError where it is none of http."""
    for entry in settings.text("scoring_endpoints").split():
        name, _, url = entry.partition("=")
        if name != model:
            continue
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"The scoring endpoint of {model} is no http address.",
                "It is written MODEL=URL, several split by spaces.",
                "Mend TELLTALE_SCORING_ENDPOINTS.",
            )
        return url
    return None


def score_row(
    viewer: Viewer, settings: Settings, database: Database, model: str, row: Mapping[str, Any]
) -> Scored:
    """Post a row to the model's endpoint and read the answer, with an audit row.

    Nothing else is ever called: no redirect is followed, no proxy used. Raises AccessDenied without
    the right, TelltaleError where the endpoint does not answer as it should.
    """
    viewer.check("explore", model)
    url = endpoint_of(settings, model)
    if url is None:
        raise TelltaleError(
            f"{model} has no scoring endpoint.", "", "An admin sets TELLTALE_SCORING_ENDPOINTS."
        )
    with database.write(viewer.user) as write:
        write.audit("score", "model", model, columns=sorted(row))
    return read_answer(_post(url, row, settings.number("scoring_timeout_s")))


def _post(url: str, row: Mapping[str, Any], timeout_s: int) -> bytes:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request("POST", path, json.dumps(row), headers)
        response = connection.getresponse()
        body = response.read(MOST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise _failed(f"it did not answer ({type(error).__name__})") from error
    finally:
        connection.close()
    if response.status != 200:
        raise _failed(f"it answered {response.status}")
    if len(body) > MOST_BYTES:
        raise _failed("its answer is too long")
    return body


def read_answer(body: bytes) -> Scored:
    """A score and a prediction out of the shapes in use.

    >>> read_answer(b'{"prediction": "1", "score": 0.7}')
    Scored(prediction='1', score=0.7)
    >>> read_answer(b'{"predictions": [0.25]}')
    Scored(prediction=None, score=0.25)
    """
    try:
        found = json.loads(body)
    except ValueError as error:
        raise _failed("its answer is no JSON") from error
    if isinstance(found, dict) and isinstance(found.get("predictions"), list):
        found = found["predictions"]
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return Scored(score=float(found))
    if isinstance(found, str):
        return Scored(prediction=found)
    if isinstance(found, dict) and {"prediction", "score"} & set(found):
        score = found.get("score")
        is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
        return Scored(found.get("prediction"), float(str(score)) if is_number else None)
    raise _failed("its answer names neither a score nor a prediction")


def _failed(why: str) -> TelltaleError:
    return TelltaleError(
        f"The scoring endpoint could not be used: {why}.",
        "It takes one row as a JSON object and answers with a score, a prediction or both.",
        "Ask again, or look into the service that an admin has named.",
    )
