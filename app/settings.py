"""Settings are data: one table, read once, from `TELLTALE_*` variables or `telltale.toml`.

A variable wins over the file, the file over the default. docs/settings.md is generated from
``TABLE``, and a test fails when it lags.
"""

from __future__ import annotations

import difflib
import functools
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from analytics.errors import ConfigError
from app.memory import import_memory

Value = str | int | float | bool
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: name, default (its type is the setting's type), and what it does."""

    name: str
    default: Value
    help: str
    is_secret: bool = False


TABLE = (
    Setting("home", ".telltale", "Folder of the database, logs and summaries."),
    Setting("port", 8501, "Port of the screen."),
    Setting("host", "127.0.0.1", "Address the screen listens on; the demo is always loopback."),
    Setting(
        "public_url", "", "Address under which people reach the screen, for links in messages."
    ),
    Setting("api_port", 0, "Port of the HTTP API; 0 is the screen's port plus one."),
    Setting("api_limit_mb", 8, "Largest body of a request that the HTTP API takes."),
    Setting(
        "webhook_hosts",
        "",
        "Hosts that webhooks may reach in a private network or without https, split by spaces.",
    ),
    Setting("mail_host", "", "Server that takes e-mail; empty sends none."),
    Setting("mail_port", 587, "Its port."),
    Setting(
        "mail_security",
        "starttls",
        "starttls, tls, or none for a host that is named in webhook_hosts.",
    ),
    Setting("mail_from", "", "Address that e-mail comes from."),
    Setting("mail_user", "", "Its user; the password is the file smtp of the folder secrets."),
    Setting(
        "api_origins",
        "",
        "Sites whose pages may call the API from a browser, such as https://shop.example, split by spaces.",
    ),
    Setting(
        "wal_limit_mb",
        2048,
        "What may wait in the write-ahead log; beyond it the API answers 429 until it is taken.",
    ),
    Setting("disk_floor_mb", 512, "Below so much free disk the API takes nothing and answers 503."),
    Setting(
        "orphan_s",
        300,
        "A request that a model server logged without a response is a suspected error after so long.",
    ),
    Setting("api_rate", 100, "Requests a second that one API key may send; twice that in a burst."),
    Setting(
        "metrics_token",
        "",
        "Token with which Prometheus may read /metrics from another machine; empty: only this one.",
        True,
    ),
    Setting("demo", False, "Open on the sample logs with demo users; loopback only."),
    Setting(
        "database_url", "", "SQL database of the state; empty is SQLite in the home folder.", True
    ),
    Setting("admin_name", "admin", "User name of the first admin."),
    Setting(
        "admin_password", "", "Password of the first admin; empty prints a one-time one.", True
    ),
    Setting("session_idle_s", 1800, "A session ends after this many seconds without a request."),
    Setting("session_absolute_s", 43200, "A session ends this many seconds after sign-in."),
    Setting("login_attempts", 5, "Failed sign-ins of one user and address before they must wait."),
    Setting("login_window_s", 900, "Seconds after which a failed sign-in is forgotten."),
    Setting("query_timeout_s", 120, "A statement over logs is stopped after this many seconds."),
    Setting("query_memory", "4GB", "Memory the query engine may use before it spills to disk."),
    Setting(
        "import_memory",
        "auto",
        "Memory that one import may use before it spills to disk, such as 2GB; auto is a quarter of the machine's or container's, 1 GB at most.",
    ),
    Setting("query_threads", 0, "Threads of the query engine; 0 is one for each core."),
    Setting(
        "query_at_once",
        2,
        "Questions that read many rows at once in one process; the others wait for their turn, and one that reads more than two million rows runs alone.",
    ),
    Setting(
        "watch_processes",
        0,
        "Processes that look at models side by side where many are due; they share the query's threads and memory. 0 is one for each core, 4 at most.",
    ),
    Setting(
        "engine",
        "duckdb",
        "What counts summaries: duckdb on this machine, or spark on a cluster that sees the home folder under the same path (extra spark, Java).",
    ),
    Setting(
        "spark_master",
        "",
        "Address of the Spark cluster, such as spark://cluster.example:7077; read with TELLTALE_ENGINE=spark.",
    ),
    Setting("spark_memory", "", "Memory of each of its executors, such as 4g; empty is Spark's."),
    Setting("upload_limit_mb", 2048, "Largest file that the Add data page takes."),
    Setting(
        "picture_hosts",
        "",
        "Hosts whose pictures (https) cards may show, split by spaces; browsers ask them, Telltale never.",
    ),
    Setting("import_roots", "", "Server folders that may be imported or attached, split by ':'."),
    Setting(
        "scoring_endpoints",
        "",
        "Scoring services for What if, each MODEL=URL, split by spaces; nothing else is called.",
    ),
    Setting("scoring_timeout_s", 5, "Seconds to wait for a scoring service."),
    Setting("fast_accept_ms", 2000, "A prediction accepted sooner than this was hardly looked at."),
    Setting(
        "hash_user_ids",
        True,
        "Keep the users of events and feedback as a keyed hash; the key stays in the home folder.",
    ),
    Setting(
        "display_zone",
        "UTC",
        "Zone in which the screen writes moments; windows and days stay in UTC.",
    ),
    Setting("cache_entries", 256, "Answers that the screen keeps in memory."),
    Setting("cache_mb", 128, "Megabytes that these answers may take."),
)


@functools.lru_cache(maxsize=16)
def _absolute(folder: str, _here: Path) -> Path:
    """Asked for at every turn, and each step of a path costs a call of the system."""
    return Path(folder).expanduser().resolve()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force; read them by attribute-like access: ``settings["port"]``."""

    values: Mapping[str, Value]

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def text(self, name: str) -> str:
        """A text setting."""
        return str(self.values[name])

    def number(self, name: str) -> int:
        """A whole-number setting."""
        return int(self.values[name])

    def flag(self, name: str) -> bool:
        """A yes/no setting."""
        return bool(self.values[name])

    @property
    def home(self) -> Path:
        """The home folder, absolute."""
        return _absolute(self.text("home"), Path.cwd())

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the state."""
        return self.text("database_url") or f"sqlite:///{self.home / 'telltale.db'}"

    @property
    def api_port(self) -> int:
        """The port of the HTTP API."""
        return self.number("api_port") or self.number("port") + 1

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the screen."""
        return self.text("host") in LOOPBACK

    @property
    def cookie_name(self) -> str:
        """The session cookie; browsers share cookies between ports, so the port is in its name."""
        return f"telltale_session_{self.number('port')}"

    def environment(self) -> dict[str, str]:
        """The settings as variables for a child process, without the first admin's password."""
        chosen = {name: value for name, value in self.values.items() if name != "admin_password"}
        return {f"TELLTALE_{name.upper()}": _text(value) for name, value in chosen.items()} | {
            "TELLTALE_HOME": str(self.home)
        }


@functools.cache
def settings_in_force() -> Settings:
    """The settings of this process, read once."""
    return read_settings()


def read_settings(
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    **overrides: Value | None,
) -> Settings:
    """The settings from defaults, file, variables and explicit overrides, in rising precedence.

    Raises ConfigError on an unknown name in the file or a value of the wrong type.
    """
    environ = os.environ if environ is None else environ
    table = {setting.name: setting for setting in TABLE}
    values: dict[str, Value] = {setting.name: setting.default for setting in TABLE}
    for name, value in _read_file(file or Path("telltale.toml")).items():
        if name not in table:
            near = difflib.get_close_matches(name, table, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "See docs/settings.md."
            raise ConfigError(f"Unknown setting {name!r} in telltale.toml.", "", hint)
        values[name] = _convert(table[name], value)
    for setting in TABLE:
        text = environ.get(f"TELLTALE_{setting.name.upper()}")
        if text is not None:
            values[setting.name] = _convert(setting, text)
    for name, given in overrides.items():
        if given is not None:
            values[name] = _convert(table[name], given)
    return _checked(Settings(values))


def _checked(settings: Settings) -> Settings:
    if settings.flag("demo") and not settings.is_loopback:
        raise ConfigError(
            f"The demo cannot listen on {settings.text('host')!r}.",
            "Its users sign in without a password, so only this machine may reach it.",
            "Leave TELLTALE_HOST at 127.0.0.1, or start without the demo.",
        )
    import_memory(settings.text("import_memory"))
    try:
        ZoneInfo(settings.text("display_zone"))
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"There is no time zone {settings.text('display_zone')!r}.",
            "Zones are named as in the IANA database.",
            "Set TELLTALE_DISPLAY_ZONE to a name like Europe/Berlin, or to UTC.",
        ) from error
    return settings


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_file(file: Path) -> dict[str, Value]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{file} is not valid TOML: {error}", "", "Mend the line it names and start again."
        ) from error


_YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _convert(setting: Setting, value: Value) -> Value:
    kind = type(setting.default)
    try:
        if kind is bool:
            return _YES_NO[str(value).strip().lower()]
        if isinstance(value, bool):
            raise ValueError("a yes/no value where a number or text is asked")
        return kind(value)
    except (KeyError, ValueError) as error:
        shown = "that value" if setting.is_secret else repr(value)
        raise ConfigError(
            f"The setting {setting.name!r} cannot be {shown}.",
            f"It takes {kind.__name__}: {setting.help}",
            f"Set TELLTALE_{setting.name.upper()} or change telltale.toml.",
        ) from error
