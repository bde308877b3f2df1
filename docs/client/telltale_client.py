"""Send predictions, labels and errors to Telltale from a model server: one file, no dependency.

    from telltale_client import Telltale

    telltale = Telltale("http://telltale:8502", predictions="KEY")
    telltale.prediction(prediction_id="p1", prediction=1, score=0.8, features={"distance": 300})

Nothing here waits for the network or raises into your code: items go into a bounded queue, and a
thread sends them in batches, again and again with the same ids until Telltale has answered. What
does not fit into the queue is dropped and counted (``telltale.counts``). Copy it into your project;
it needs Python 3.8.
"""

import atexit
import collections
import datetime
import gzip
import json
import math
import os
import random
import threading
import time
import traceback
import urllib.error
import urllib.request
import uuid

__all__ = ["Telltale"]
AGAIN = (408, 425, 429, 500, 502, 503, 504)
LONGEST_WAIT_S = 30.0


class Telltale:
    """A sender; make one for each process and keep it."""

    def __init__(self, url, *, most_waiting=10000, batch=500, every_s=1.0, timeout_s=10.0, **keys):
        """``keys`` name the API key of each kind: predictions=, labels=, errors=, resources=."""
        self.url = url.rstrip("/")
        self.keys = {kind: key for kind, key in keys.items() if key}
        self.most_waiting, self.batch = most_waiting, batch
        self.every_s, self.timeout_s = every_s, timeout_s
        self.last_error = ""
        self._begin()
        atexit.register(self.close, 2.0)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)  # a worker sends its own

    def _begin(self):
        self.counts = collections.Counter(sent=0, dropped=0, rejected=0, retries=0)
        self._wake = threading.Condition()
        self._waiting = {kind: collections.deque() for kind in self.keys}
        self._n_waiting = 0
        self._thread = None
        self._is_ended = False

    def prediction(self, prediction_id=None, features=None, **fields):
        """One answer of the model; its id, to be sent on with the answer. Never raises."""
        item = dict(fields)
        item["prediction_id"] = prediction_id = str(prediction_id or uuid.uuid4())
        item.setdefault("timestamp", _now())
        if features:
            item["features"] = dict(features)
        self._put("predictions", item)
        return prediction_id

    def label(self, prediction_id, label, **fields):
        """The truth about a prediction, whenever it is known."""
        item = dict(fields, prediction_id=str(prediction_id), label=label)
        item.setdefault("known_at", _now())
        self._put("labels", item)

    def error(self, prediction_id, exception=None, **fields):
        """A request that failed; with the exception, its type and its stack without values."""
        item = dict(fields, prediction_id=str(prediction_id or uuid.uuid4()))
        item.setdefault("timestamp", _now())
        if exception is not None:
            item.setdefault("error_type", type(exception).__name__[:300])
            frames = traceback.extract_tb(exception.__traceback__)
            stack = "\n".join(f"{f.filename}:{f.lineno} in {f.name}" for f in frames)
            item.setdefault("error_message", stack[-20000:])
        self._put("errors", item)

    def resources(self, values, **fields):
        """A sample of what the host uses, by names of your own."""
        item = dict(fields, id=str(uuid.uuid4()), values=dict(values))
        item.setdefault("timestamp", _now())
        self._put("resources", item)

    @property
    def n_waiting(self):
        """Items that are not answered yet."""
        return self._n_waiting

    def flush(self, timeout_s=10.0):
        """Wait until all is answered; False where it was not in time. For tests and shut-down."""
        end = time.monotonic() + timeout_s
        with self._wake:
            while self._n_waiting and time.monotonic() < end:
                self._wake.notify_all()
                self._wake.wait(0.05)
            return not self._n_waiting

    def close(self, timeout_s=10.0):
        """Send what waits, for so long, and end."""
        is_empty = self.flush(timeout_s) if self._thread else True
        with self._wake:
            self._is_ended = True
            self._wake.notify_all()
        return is_empty

    def _put(self, kind, item):
        try:
            with self._wake:
                if kind not in self._waiting or self._n_waiting >= self.most_waiting:
                    self.counts["dropped"] += 1
                    return
                self._waiting[kind].append(item)
                self._n_waiting += 1
                if self._thread is None and not self._is_ended:
                    self._thread = threading.Thread(target=self._run, name="telltale", daemon=True)
                    self._thread.start()
                if len(self._waiting[kind]) >= self.batch:
                    self._wake.notify_all()
        except Exception as error:  # the model server goes on whatever happens here
            self.last_error = repr(error)

    def _run(self):
        while not self._is_ended:
            with self._wake:
                if all(len(w) < self.batch for w in self._waiting.values()):
                    self._wake.wait(self.every_s)
            for kind in self.keys:
                while self._waiting[kind] and not self._is_ended:
                    items = self._take(kind)
                    try:
                        self._send(kind, items)
                    except Exception as error:
                        self.last_error = repr(error)
                        self._done(dropped=len(items))

    def _take(self, kind):
        with self._wake:
            waiting = self._waiting[kind]
            return [waiting.popleft() for _ in range(min(self.batch, len(waiting)))]

    def _done(self, **counted):
        with self._wake:
            self.counts.update(counted)
            self._n_waiting -= sum(counted.values())
            self._wake.notify_all()

    def _send(self, kind, items):
        """Until it is answered: the same items with the same ids."""
        n_given, made = len(items), [(item, _as_json(item)) for item in items]
        items = [item for item, text in made if text is not None]
        texts = [text for _item, text in made if text is not None]
        if len(texts) < n_given:
            self._done(dropped=n_given - len(texts))
        if not texts:
            return
        body = gzip.compress(b'{"items":[' + b",".join(texts) + b"]}", 1)
        wait_s = 0.5
        while not self._is_ended:
            status, answer, after_s = self._post(kind, body)
            if status == 200:
                said = [result.get("status") for result in answer.get("results", ())]
                n_bad = sum(1 for one in said if one == "rejected")
                self._done(sent=len(texts) - n_bad, rejected=n_bad)
                return
            if status == 413 and len(items) > 1:
                half = len(items) // 2
                self._send(kind, items[:half])
                self._send(kind, items[half:])
                return
            if status and status not in AGAIN:
                self._done(rejected=len(texts))
                return
            self.counts["retries"] += 1
            with self._wake:
                self._wake.wait_for(
                    lambda: self._is_ended, max(after_s, wait_s * random.uniform(0.5, 1.0))
                )
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        self._done(dropped=len(texts))

    def _post(self, kind, body):
        """Status (0 where nobody answered), body, and seconds of Retry-After."""
        headers = {"Authorization": "Bearer " + self.keys[kind]}
        headers.update({"Content-Type": "application/json", "Content-Encoding": "gzip"})
        url = f"{self.url}/api/v1/{kind}/batch"
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
                return response.status, json.loads(response.read() or b"{}"), 0.0
        except urllib.error.HTTPError as error:
            with error:
                self.last_error = error.read(2000).decode("utf-8", "replace")
                after = error.headers.get("Retry-After", "")
                return error.code, {}, float(after) if after.isdigit() else 0.0
        except Exception as error:
            self.last_error = repr(error)
            return 0, {}, 0.0


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat()


def _as_json(item):
    """The item as JSON text, None where it is none; numbers of NumPy as numbers, NaN left out."""
    try:
        return json.dumps(_plain(item), allow_nan=False).encode()
    except Exception:
        return None


def _plain(value):
    if isinstance(value, dict):
        kept = {str(name): _plain(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if hasattr(value, "tolist"):  # NumPy, pandas
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
