"""Read a segment filter, `origin = 'JFK' AND hour >= 15`, into conditions that all hold."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from analytics.core import Condition, Schema, Segment
from analytics.errors import SegmentInvalid

# What a segment may name besides the features.
COMMON = ("model_version", "prediction", "score", "label", "status", "error_type", "latency_ms")
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<name>"(?:[^"]|"")+"|[A-Za-z_][\w.]*)
    | (?P<text>'(?:[^']|'')*')
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[A-Za-z_]\w*")
_HOW = "Write conditions like: origin = 'JFK' AND hour >= 15 AND carrier in ('UA', 'B6')."


def parse_segment(text: str | None, schema: Schema) -> Segment | None:
    """The conditions of a filter, checked against the log's columns; None for an empty text.

    Operators: = != < <= > >= in, not in, is null, is not null; joined by AND. Raises
    SegmentInvalid with what cannot be read.
    """
    if text is None or not text.strip():
        return None
    tokens = _Tokens(text)
    conditions = [_condition(tokens, schema)]
    while tokens.take_word("and"):
        conditions.append(_condition(tokens, schema))
    if not tokens.is_done:
        raise tokens.invalid("only AND joins conditions")
    return Segment(tuple(conditions), text.strip())


class _Tokens:
    def __init__(self, text: str) -> None:
        self.text = text
        self._items = list(self._split())
        self._at = 0

    def _split(self) -> Iterator[tuple[str, str]]:
        at = 0
        while self.text[at:].strip():
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise SegmentInvalid(
                    f"The segment {self.text!r} cannot be read at {self.text[at:].strip()[:20]!r}.",
                    "",
                    _HOW,
                )
            kind = str(match.lastgroup)
            yield kind, match.group(kind)
            at = match.end()

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._items)

    def next(self, *kinds: str) -> tuple[str, str]:
        if self.is_done or self._items[self._at][0] not in kinds:
            raise self.invalid(f"a {' or '.join(kinds)} is expected")
        self._at += 1
        return self._items[self._at - 1]

    def take_word(self, word: str) -> bool:
        if not self.is_done and self._items[self._at][1].lower() == word:
            self._at += 1
            return True
        return False

    def invalid(self, why: str) -> SegmentInvalid:
        near = "its end" if self.is_done else repr(self._items[self._at][1])
        return SegmentInvalid(
            f"The segment {self.text!r} cannot be read at {near}: {why}.", "", _HOW
        )


def _condition(tokens: _Tokens, schema: Schema) -> Condition:
    column = _column(tokens.next("name")[1], schema)
    if tokens.take_word("is"):
        negated = tokens.take_word("not")
        if not tokens.take_word("null"):
            raise tokens.invalid("IS takes NULL or NOT NULL")
        return Condition(column, "is not null" if negated else "is null")
    negated = tokens.take_word("not")
    if tokens.take_word("in"):
        values = _values(tokens)
        return Condition(
            column, "not in" if negated else "in", tuple(_typed(column, v, schema) for v in values)
        )
    if negated:
        raise tokens.invalid("NOT is followed by IN")
    sign = tokens.next("sign")[1]
    operator = {"<>": "!="}.get(sign, sign)
    if operator not in ("=", "!=", "<", "<=", ">", ">="):
        raise tokens.invalid("a comparison is expected")
    return Condition(column, operator, _typed(column, _value(tokens), schema))  # type: ignore[arg-type]


def _column(token: str, schema: Schema) -> str:
    name = token[1:-1].replace('""', '"') if token.startswith('"') else token
    known = [c.name for c in schema.features] + list(COMMON)
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(known)}."
    raise SegmentInvalid(f"There is no column {name!r} to filter by.", "", hint)


def _values(tokens: _Tokens) -> list[str | float | bool]:
    if tokens.next("sign")[1] != "(":
        raise tokens.invalid("IN takes a list in parentheses")
    values = [_value(tokens)]
    while tokens.take_word(","):
        values.append(_value(tokens))
    if not tokens.take_word(")"):
        raise tokens.invalid("the list is not closed")
    return values


def _value(tokens: _Tokens) -> str | float | bool:
    kind, text = tokens.next("text", "number", "name")
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "number":
        return float(text)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise SegmentInvalid(f"Text stands in single quotes: {text!r} does not.", "", _HOW)


def is_numeric(column: str, schema: Schema) -> bool:
    """Whether a column that a segment may name is compared as a number."""
    if column in ("score", "latency_ms"):
        return True
    if column in ("prediction", "label"):
        return schema.task == "regression"
    return any(c.name == column and c.type == "numeric" for c in schema.features)


def _typed(column: str, value: str | float | bool, schema: Schema) -> str | float | bool:
    if is_numeric(column, schema):
        if isinstance(value, str):
            raise SegmentInvalid(
                f"{column!r} is a number and cannot be compared with {value!r}.", "", _HOW
            )
        return float(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return value


def format_condition(condition: Condition) -> str:
    """A condition as the text it could be read from.

    >>> format_condition(Condition("origin", "=", "O'Hare")), format_condition(Condition("h", "<", 3.0))
    ("origin = 'O''Hare'", 'h < 3')
    """
    column = condition.column
    name = column if _PLAIN.fullmatch(column) else '"' + column.replace('"', '""') + '"'
    if condition.operator in ("is null", "is not null"):
        return f"{name} {condition.operator}"
    if isinstance(condition.value, tuple):
        return f"{name} {condition.operator} ({', '.join(map(_format_value, condition.value))})"
    return f"{name} {condition.operator} {_format_value(condition.value)}"


def _format_value(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)
