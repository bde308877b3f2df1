"""The terms of a model's serving: who may set them, that they stay, and what they must be."""

from __future__ import annotations

import pytest

from analytics.core import Column, Schema
from analytics.errors import AccessDenied, NameUnknown, UsageError
from analytics.serving.promise import Promise
from app.auth.viewer import Viewer, operator
from app.state.audit import list_entries
from app.state.database import Database
from app.state.grants import Grant
from app.state.models import save_schema
from app.terms import Terms, parse_price, parse_promise, set_price, set_promise, set_terms, terms_of


@pytest.fixture
def model(database: Database) -> Database:
    schema = Schema("binary", (Column("id", "prediction_id", "categorical"),), ("0", "1"), "1")
    with database.write("ann") as write:
        save_schema(write, "m", schema, {})
    return database


def test_terms_replace_each_other_and_are_audited(model: Database) -> None:
    assert terms_of(model, "m") == Terms() and terms_of(model, "m").promise is None
    set_terms(model, operator("ann"), "m", Terms(price_per_hour=1.5, currency="EUR"))
    set_promise(model, operator("ann"), "m", Promise(200.0, 0.99))
    set_promise(model, operator("ann"), "m", Promise(200.0, 0.99))  # no change, no row
    assert terms_of(model, "m") == Terms(200.0, 0.99, 1.5, "EUR")
    assert terms_of(model, "m").promise == Promise(200.0, 0.99)
    rows = list_entries(model, 10, object_type="model")
    assert sum("serving" in (row.change or {}) for row in rows) == 2


@pytest.mark.parametrize("role", ["viewer", "annotator", "product_owner"])
def test_who_may_not_configure_may_not_promise(model: Database, role: str) -> None:
    with pytest.raises(AccessDenied):
        set_terms(model, Viewer("bob", "Bob", role, (Grant(role, "m"),)), "m", Terms(200.0, 0.99))
    other = Viewer("eve", "Eve", "data_scientist", (Grant("data_scientist", "other"),))
    with pytest.raises(AccessDenied):
        set_promise(model, other, "m", Promise(200.0, 0.99))
    assert terms_of(model, "m") == Terms()


@pytest.mark.parametrize(
    "terms",
    [
        Terms(200.0),
        Terms(None, 0.99),
        Terms(-5.0, 0.99),
        Terms(200.0, 1.0),
        Terms(price_per_hour=0.0),
        Terms(price_per_hour=float("nan")),
        Terms(currency="a very long name"),
    ],
)
def test_what_makes_no_terms_is_refused(model: Database, terms: Terms) -> None:
    with pytest.raises(UsageError):
        set_terms(model, operator("ann"), "m", terms)
    assert terms_of(model, "m") == Terms()


def test_a_model_that_is_not_there(model: Database) -> None:
    with pytest.raises(NameUnknown):
        set_terms(model, operator("ann"), "n", Terms(200.0, 0.99))


@pytest.mark.parametrize("text", ["200", "fast,0.9", "200,99", ""])
def test_a_promise_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError):
        parse_promise(text)
    assert parse_promise("200, 0.99") == Promise(200.0, 0.99)


def test_a_price_stands_beside_the_promise_and_keeps_its_currency(model: Database) -> None:
    set_promise(model, operator("ann"), "m", Promise(200.0, 0.99))
    set_price(model, operator("ann"), "m", 1.5, "EUR")
    set_price(model, operator("ann"), "m", 2.0, None)
    assert terms_of(model, "m") == Terms(200.0, 0.99, 2.0, "EUR")
    with pytest.raises(AccessDenied):
        set_price(model, Viewer("bob", "Bob", "viewer", (Grant("viewer", "m"),)), "m", 3.0, None)
    set_price(model, operator("ann"), "m", None, None)
    assert terms_of(model, "m") == Terms(200.0, 0.99)
    rows = list_entries(model, 10, object_type="model")
    assert sum("serving" in (row.change or {}) for row in rows) == 4


@pytest.mark.parametrize("text", ["much", "0", "-1,EUR", "nan", "", ",EUR", "none,EUR"])
def test_a_price_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError):
        parse_price(text)
    assert parse_price("1.5, EUR") == (1.5, "EUR")
    assert parse_price("2") == (2.0, None) and parse_price("none") == (None, None)
