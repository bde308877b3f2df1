"""Deny by default: what a role may do, and on which models."""

from __future__ import annotations

import pytest

from analytics.errors import AccessDenied, UsageError
from app.auth.rights import RIGHTS, ROLE_TITLES, ROLES, check_role
from app.auth.viewer import Viewer, operator
from app.state.grants import Grant


def viewer(*grants: tuple[str, str], **more: object) -> Viewer:
    return Viewer("ann", "Ann", "viewer", tuple(Grant(*pair) for pair in grants), **more)


def test_the_table_is_whole() -> None:
    assert set(ROLE_TITLES) == set(ROLES)
    assert all(rights <= set(RIGHTS) for rights in ROLES.values())
    assert [role for role, rights in ROLES.items() if "admin" in rights] == ["admin"]


@pytest.mark.parametrize("right", RIGHTS)
def test_nobody_may_anything_without_a_grant(right: str) -> None:
    assert not viewer().may(right)
    assert not viewer().may(right, "flights")
    with pytest.raises(AccessDenied):
        viewer().check(right)


def test_a_grant_counts_on_its_model_alone() -> None:
    ann = viewer(("data_scientist", "flights"))
    assert ann.may("view", "flights")
    assert ann.may("view")
    assert not ann.may("view", "loans")
    assert not ann.may("view", "*")
    assert ann.models(["loans", "flights"]) == ["flights"]
    with pytest.raises(AccessDenied, match="loans"):
        ann.check("view", "loans")


def test_roles_add_up_by_model() -> None:
    ann = viewer(("viewer", "*"), ("annotator", "flights"))
    assert ann.may("label", "flights")
    assert not ann.may("label", "loans")
    assert ann.may("view", "loans")
    assert ann.roles == ("annotator", "viewer")


def test_sensitive_columns_are_for_data_scientists() -> None:
    assert viewer(("data_scientist", "flights")).may("see_sensitive", "flights")
    for role in ("viewer", "annotator", "product_owner"):
        assert not viewer((role, "*")).may("see_sensitive", "flights")


def test_managing_users_needs_every_model() -> None:
    assert not viewer(("admin", "flights")).may("admin")
    assert not viewer(("admin", "flights")).may("admin", "flights")
    assert viewer(("admin", "*")).may("admin")
    assert operator().may("admin")


def test_a_one_time_password_opens_nothing_else() -> None:
    ann = viewer(("admin", "*"), must_change_password=True)
    assert not ann.may("admin")
    with pytest.raises(AccessDenied, match="one-time password"):
        ann.check("view")


def test_a_role_of_the_past_grants_nothing() -> None:
    assert not viewer(("emperor", "*")).may("view")


def test_unknown_names_are_errors() -> None:
    with pytest.raises(UsageError, match="view"):
        viewer().may("veiw")
    with pytest.raises(UsageError, match="annotator"):
        check_role("anotator")
