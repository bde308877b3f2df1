"""Settings are data: precedence, types, and errors that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.errors import ConfigError
from app.settings import TABLE, read_settings


def test_defaults() -> None:
    settings = read_settings({}, Path("nothing.toml"))
    assert {s.name: settings[s.name] for s in TABLE} == {s.name: s.default for s in TABLE}
    assert settings.is_loopback
    assert settings.database_url.startswith("sqlite:///")


def test_a_variable_wins_over_the_file_and_an_override_over_both(tmp_path: Path) -> None:
    file = tmp_path / "telltale.toml"
    file.write_text('port = 1000\nhost = "::1"\ndemo = true\n')
    settings = read_settings({"TELLTALE_PORT": "2000"}, file)
    assert (settings.number("port"), settings.text("host"), settings.flag("demo")) == (
        2000,
        "::1",
        True,
    )
    assert read_settings({"TELLTALE_PORT": "2000"}, file, port=3000).number("port") == 3000


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({}, "prot = 1"),
        ({}, "port = "),
        ({}, "port = true"),
        ({"TELLTALE_PORT": "eighty"}, ""),
        ({"TELLTALE_DEMO": "maybe"}, ""),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, environ, text: str) -> None:
    file = tmp_path / "telltale.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_settings(environ, file)
    assert refused.value.do


def test_a_misspelt_name_gets_a_hint(tmp_path: Path) -> None:
    file = tmp_path / "telltale.toml"
    file.write_text("prot = 1")
    with pytest.raises(ConfigError, match="port"):
        read_settings({}, file)


def test_the_demo_stays_on_this_machine() -> None:
    with pytest.raises(ConfigError, match="demo"):
        read_settings({}, Path("nothing.toml"), demo=True, host="0.0.0.0")


def test_children_get_the_settings_but_not_the_first_password() -> None:
    settings = read_settings({}, Path("nothing.toml"), admin_password="secret words", demo=True)
    environment = settings.environment()
    assert "secret words" not in environment.values()
    again = read_settings(environment, Path("nothing.toml"))
    assert again["home"] == str(settings.home)
    assert {**again.values, "home": ""} == {**settings.values, "admin_password": "", "home": ""}


def test_secrets_are_marked() -> None:
    assert {s.name for s in TABLE if s.is_secret} == {
        "database_url", "admin_password", "metrics_token",
    }  # fmt: skip


def test_a_display_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="Mars/Base") as caught:
        read_settings({"TELLTALE_DISPLAY_ZONE": "Mars/Base"})
    assert caught.value.do
