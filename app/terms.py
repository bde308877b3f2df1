"""The terms under which a model serves: its promise about latency, and what its machines cost."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from analytics.errors import UsageError
from analytics.serving.promise import Promise, check_promise
from app.auth.viewer import Viewer
from app.state.database import Database
from app.state.models import get_model
from app.state.terms import KEY, save_terms

if TYPE_CHECKING:
    from analytics.core import Result

MOST_CURRENCY = 8


@dataclass(frozen=True, slots=True)
class Terms:
    """None where nobody said it. ``price_per_hour`` is of all machines together, in ``currency``."""

    threshold_ms: float | None = None
    target: float | None = None
    price_per_hour: float | None = None
    currency: str | None = None

    @property
    def promise(self) -> Promise | None:
        """The promise, where both of its numbers are there."""
        if self.threshold_ms is None or self.target is None:
            return None
        return Promise(self.threshold_ms, self.target)


def terms_of(database: Database, model: str) -> Terms:
    """What was said about a model; NameUnknown where there is none of that name."""
    said = get_model(database, model).display.get(KEY, {})
    return Terms(**{name: said.get(name) for name in Terms.__slots__})


def set_terms(database: Database, viewer: Viewer, model: str, terms: Terms) -> None:
    """Keep them, with an audit row; AccessDenied without the right to change the model's settings."""
    viewer.check("configure", model)
    if terms.threshold_ms is not None or terms.target is not None:
        check_promise(terms.threshold_ms or math.nan, terms.target or math.nan)
    if terms.price_per_hour is not None:
        check_price(terms.price_per_hour)
    if len(terms.currency or "") > MOST_CURRENCY:
        raise UsageError(
            f"{terms.currency!r} is no currency.", "", "Write its sign or code, such as EUR."
        )
    with database.write(viewer.user) as write:
        save_terms(write, model, asdict(terms))


def set_promise(database: Database, viewer: Viewer, model: str, promise: Promise) -> None:
    """Keep a promise beside whatever else was said."""
    said = replace(terms_of(database, model), **asdict(promise))
    set_terms(database, viewer, model, said)


def set_price(
    database: Database, viewer: Viewer, model: str, price: float | None, currency: str | None
) -> None:
    """Keep what an hour costs, or take it away (None); a currency that was said before stays."""
    said = terms_of(database, model)
    currency = None if price is None else currency or said.currency
    set_terms(database, viewer, model, replace(said, price_per_hour=price, currency=currency))


def check_price(price: float) -> float:
    """The price itself; UsageError where it is none."""
    if not (math.isfinite(price) and price > 0):
        raise UsageError(f"{price:g} is no price.", "", "Give what an hour costs, above 0.")
    return price


def parse_price(text: str) -> tuple[float | None, str | None]:
    """A price typed as PER_HOUR or PER_HOUR,CURRENCY; (None, None) where it is "none"."""
    price, _, currency = (part.strip() for part in text.partition(","))
    if price.lower() == "none" and not currency:
        return None, None
    try:
        return check_price(float(price)), currency or None
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(
            f"{text!r} is no price.",
            "A price is what all machines together cost an hour, with its currency where you like.",
            "Write --price PER_HOUR,CURRENCY, such as 1.5,EUR.",
        ) from error


def in_currency(result: Result, currency: str | None) -> Result:
    """A cost whose label and detail name the currency, where somebody said one."""
    if not currency:
        return result
    label = f"{result.detail['label']}, {currency}"
    return replace(result, detail={**result.detail, "label": label, "currency": currency})


def parse_promise(text: str) -> Promise:
    """A promise typed as MS,SHARE; UsageError says what cannot be read."""
    threshold, _, target = text.partition(",")
    try:
        return check_promise(float(threshold), float(target))
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(
            f"{text!r} is no promise.",
            "A promise is a number of milliseconds and the share of requests that keep it.",
            "Write --promise MS,SHARE, such as 200,0.99.",
        ) from error


def promise_words(promise: Promise) -> str:
    """How a question names the promise that it is about."""
    return f"{promise.threshold_ms!r}:{promise.target!r}"
