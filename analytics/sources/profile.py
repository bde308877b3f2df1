"""What a sample of a file's columns looks like: the facts that roles, types and tasks are read from."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.core import ColumnType
from analytics.sources.relation import canonical_class, quote_name

MISSING_WORDS = ("", "nan", "na", "n/a", "#n/a", "null", "none")
MAX_CLASSES = 100
NUMERIC_SHARE = 0.95

_NUMERIC_TYPES = (
    "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT"
    " FLOAT DOUBLE DECIMAL REAL"
).split()


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of a sample: its SQL type in the file and counts over its values.

    ``name`` is the path with dots, ``path`` its pieces. ``classes`` are canonical classes where
    there are at most ``MAX_CLASSES``; ``low`` and ``high`` bound what parses as a number.
    """

    name: str
    path: tuple[str, ...]
    sql_type: str
    n: int = 0
    n_values: int = 0
    n_distinct: int = 0
    n_numeric: int = 0
    n_integer: int = 0
    n_time: int = 0
    n_offset: int = 0
    low: float | None = None
    high: float | None = None
    mean_length: float = 0.0
    examples: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def base_type(self) -> str:
        """The SQL type without its parameters."""
        return self.sql_type.split("(")[0].strip().upper()

    @property
    def is_text(self) -> bool:
        """Whether the file gives text, so that every value may or may not parse."""
        return self.base_type == "VARCHAR"

    @property
    def is_numeric(self) -> bool:
        """A number in the file, or text of which 95 % parses as a number."""
        if not self.is_text:
            return self.base_type in _NUMERIC_TYPES
        return self.n_values > 0 and self.n_numeric >= NUMERIC_SHARE * self.n_values

    @property
    def is_boolean(self) -> bool:
        """A boolean in the file, or text that says true and false."""
        if self.base_type == "BOOLEAN":
            return True
        words = {example.lower() for example in self.examples}
        return self.is_text and 0 < self.n_distinct <= 2 and words <= {"true", "false"}

    @property
    def is_time(self) -> bool:
        """A time in the file, or text that reads as one."""
        if self.base_type.startswith(("TIMESTAMP", "DATE")):
            return True
        if not self.is_text or self.is_numeric or not self.n_values:
            return False
        return self.n_time >= 0.5 * self.n_values

    @property
    def epoch(self) -> str | None:
        """The conversion of a column of seconds (or ms, us, ns) since 1970, None if it is none."""
        if not self.is_numeric or self.low is None or self.high is None or self.low < 1e8:
            return None
        limits = (("epoch_s", 1e11), ("epoch_ms", 1e14), ("epoch_us", 1e17), ("epoch_ns", 1e19))
        for name, limit in limits:
            if self.high < limit:
                return name if self.low >= limit / 1000 else None
        return None

    @property
    def is_share(self) -> bool:
        """Numbers between 0 and 1 that are not only 0 and 1."""
        return (
            self.is_numeric
            and self.low is not None
            and self.high is not None
            and 0 <= self.low
            and self.high <= 1
            and self.n_integer < self.n_numeric
        )

    @property
    def type(self) -> ColumnType:
        """The type that decides which tests apply."""
        if self.is_boolean:
            return "boolean"
        if self.is_numeric:
            return "numeric"
        if self.is_time:
            return "time"
        is_long = self.n_distinct > 50 and self.mean_length > 40
        is_key = self.n_distinct > 1000 and self.n_distinct > 0.5 * self.n_values
        return "text" if is_long or is_key else "categorical"


def is_missing(expression: str) -> str:
    """SQL: a text value that stands for no value in a column of numbers or times."""
    words = ", ".join(f"'{word}'" for word in MISSING_WORDS)
    return f"({expression} IS NULL OR lower(trim({expression})) IN ({words}))"


def profile_sql(column: str, table: str) -> str:
    """One row of counts over a text column: the fields of Profile from ``n`` to ``mean_length``."""
    c = quote_name(column)
    number = f"TRY_CAST({c} AS DOUBLE)"
    finite = f"(isfinite({number}) AND NOT {is_missing(c)})"
    time = f"TRY_CAST({c} AS TIMESTAMPTZ) IS NOT NULL AND length({c}) >= 8"
    offset = f"regexp_matches({c}, '(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') AND length({c}) > 10"
    return (
        f"SELECT count(*), count(*) FILTER (NOT {is_missing(c)}), count(DISTINCT {c}),"
        f" count(*) FILTER ({number} IS NOT NULL AND NOT {is_missing(c)}),"
        f" count(*) FILTER ({finite} AND {number} = floor({number})),"
        f" count(*) FILTER ({time} AND {number} IS NULL),"
        f" count(*) FILTER ({time} AND {offset}),"
        f" min({number}) FILTER ({finite}), max({number}) FILTER ({finite}),"
        f" coalesce(avg(length({c})), 0) FROM {table}"
    )


def classes_sql(column: str, table: str) -> str:
    """The distinct canonical classes of a text column, one more than MAX_CLASSES at most."""
    expression = canonical_class(quote_name(column))
    return (
        f"SELECT DISTINCT {expression} AS class FROM {table}"
        f" WHERE {expression} IS NOT NULL ORDER BY 1 LIMIT {MAX_CLASSES + 1}"
    )
