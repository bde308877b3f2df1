"""The monitored models' headline numbers as gauges, worked out behind the scrapes."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from analytics.errors import TelltaleError
from app.exposition import Sample, write_family

if TYPE_CHECKING:
    from analytics.core import Result
    from app.ask import Desk
    from app.settings import Settings

EVERY_S = 300.0
WINDOW = "7d"
MOST_MODELS = 50
MOST_NAMES = 4
SERVING = ("latency_p50", "latency_p95", "latency_p99", "error_rate", "throughput")
_log = logging.getLogger("telltale.headlines")


class Headlines:
    """Gauges of a while ago; asking for them never waits for a query."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._due = 0.0

    def lines(self, settings: Settings) -> list[str]:
        """What is known; where that is old, it is worked out anew for the next scrape."""
        with self._lock:
            is_due = time.monotonic() >= self._due
            if is_due:
                self._due = time.monotonic() + EVERY_S
                thread = threading.Thread(
                    target=self.work, args=(settings,), daemon=True, name="headlines"
                )
                thread.start()
            return list(self._lines)

    def work(self, settings: Settings) -> None:
        """Ask about every model."""
        from app.ask import Desk
        from app.state.models import list_models

        samples: list[Sample] = []
        bounds: list[Sample] = []
        rows: list[Sample] = []
        with Desk(settings) as desk:
            for model in [m.name for m in list_models(desk.database)][:MOST_MODELS]:
                try:
                    found = headline_results(desk, model)
                except TelltaleError as error:
                    _log.warning("no gauges of %s: %s", model, error.what)
                    continue
                _add(model, found, (samples, bounds, rows))
        lines = write_family(
            "telltale_model_metric", "gauge", f"A number of the last {WINDOW}.", samples
        )
        text = "The ends of its 95 % interval."
        lines += write_family("telltale_model_metric_bound", "gauge", text, bounds)
        lines += write_family("telltale_model_metric_rows", "gauge", "Rows behind it.", rows)
        text = "When these were worked out."
        lines += write_family(
            "telltale_model_metrics_time_seconds", "gauge", text, [({}, round(time.time(), 3))]
        )
        with self._lock:
            self._lines = lines


def headline_results(desk: Desk, model: str) -> list[Result]:
    """The headline metrics of the last days, and how the model serves."""
    from analytics.catalog import headline_names
    from app.questions import Asked

    dataset = desk.dataset(model)
    if not dataset.log("predictions").n_rows:
        return []
    found: list[Result] = []
    names = headline_names(dataset.schema)[:MOST_NAMES]
    if names and dataset.log("labels").n_rows:
        found += desk.ask("performance", model, Asked(window=WINDOW, names=names))[2]
    found += desk.ask("serving", model, Asked(window=WINDOW, names=SERVING))[2]
    return [r for r in found if "class" not in r.detail]


def _add(
    model: str, found: list[Result], into: tuple[list[Sample], list[Sample], list[Sample]]
) -> None:
    samples, bounds, rows = into
    for result in found:
        labels = {"model": model, "metric": result.name}
        if result.value is None:
            continue
        samples.append((labels, float(result.value)))
        rows.append((labels, result.n))
        for bound, value in (("low", result.low), ("high", result.high)):
            if value is not None:
                bounds.append(({**labels, "bound": bound}, float(value)))


HEADLINES = Headlines()
