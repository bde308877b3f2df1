"""Every error that a user can meet, and what it says.

An error has three sentences: what happened (with the value), why it matters or what the likely
cause is, and what to do (a command, a setting or a page). Screen, command line and API print the
same text. The children also inherit the builtin that a caller would expect to catch.

    TelltaleError
    ├── UsageError (ValueError)          a question that cannot be asked like this
    │   ├── NameUnknown (KeyError)       no metric, drift test or model of that name
    │   └── SegmentInvalid               a --segment filter that cannot be read
    ├── LogError                         something about the rows
    │   ├── ColumnMissing (KeyError)     the log has no such column
    │   ├── FileUnreadable (OSError)     not a file we can read, or cut in half
    │   ├── RoleAmbiguous                two columns could be the same role
    │   └── LogEmpty                     nothing to compute from
    ├── QueryError (RuntimeError)        the engine refused or was stopped
    │   ├── QueryTimeout (TimeoutError)  over the time limit
    │   └── QueryCancelled               somebody pressed cancel
    ├── AccessDenied (PermissionError)   no right, or not signed in
    ├── ConfigError (ValueError)         a setting that cannot be used
    └── StateError (RuntimeError)        the state database refused
"""


class TelltaleError(Exception):
    """What happened, why, and what to do; the base of every error a user can meet."""

    exit_code = 2

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.do) if part)


class UsageError(TelltaleError, ValueError):
    """The question cannot be asked like this."""


class NameUnknown(UsageError, KeyError):
    """There is no metric, drift test, model or column of that name."""

    __str__ = TelltaleError.__str__


class SegmentInvalid(UsageError):
    """A segment filter that cannot be read."""


class LogError(TelltaleError):
    """Something is wrong with the rows or with the file they stand in."""


class ColumnMissing(LogError, KeyError):
    """The log has no such column."""

    __str__ = TelltaleError.__str__


class FileUnreadable(LogError, OSError):
    """The file is not one that can be read, or it was cut in half."""

    __str__ = TelltaleError.__str__


class RoleAmbiguous(LogError):
    """Two columns could play the same role, or none can."""


class LogEmpty(LogError):
    """There are no rows to compute from."""


class QueryError(TelltaleError, RuntimeError):
    """The engine refused the statement."""


class QueryTimeout(QueryError, TimeoutError):
    """The statement ran past its time limit and was stopped."""


class QueryCancelled(QueryError):
    """Somebody pressed cancel."""


class AccessDenied(TelltaleError, PermissionError):
    """The right is missing, or nobody is signed in."""


class ConfigError(TelltaleError, ValueError):
    """A setting that cannot be used."""


class StateError(TelltaleError, RuntimeError):
    """The state database refused."""
