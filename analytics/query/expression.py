"""Expressions over a row, read word by word against a list of what they may say.

    abs(prediction - label) > 15 and origin = 'JFK'
    if(label = '1' and prediction = '0', 5 * distance, 0)

Columns (features, prediction, score, label, latency_ms, status, model_version), numbers, texts in
single quotes, + - * / %, = != < <= > >=, and or not, parentheses, `is null`, and the functions below.
Nothing else is understood, so nothing else can run: what comes out is SQL made of names from the
schema, functions from the list, and numbers; texts are bound.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from analytics.core import Schema
from analytics.errors import UsageError
from analytics.query.segment import COMMON, is_numeric
from analytics.sources.relation import quote_name

FUNCTIONS = {
    "abs": ("abs", 1, 1),
    "sqrt": ("sqrt", 1, 1),
    "ln": ("ln", 1, 1),
    "exp": ("exp", 1, 1),
    "round": ("round", 1, 2),
    "floor": ("floor", 1, 1),
    "ceil": ("ceil", 1, 1),
    "least": ("least", 2, 8),
    "greatest": ("greatest", 2, 8),
    "power": ("power", 2, 2),
    "coalesce": ("coalesce", 2, 8),
    "length": ("length", 1, 1),
    "lower": ("lower", 1, 1),
    "if": ("if", 3, 3),
}
MOST = 500  # characters of an expression
DEEPEST = 30
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<name>"(?:[^"]|"")+"|[A-Za-z_]\w*)
    | (?P<text>'(?:[^']|'')*')
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<sign><=|>=|!=|<>|[-+*/%=<>(),])
    )""",
    re.VERBOSE,
)
_WORDS = ("and", "or", "not", "is", "null", "true", "false")


@dataclass(slots=True)
class Compiled:
    """SQL of an expression, the columns it reads, and the texts bound in it."""

    sql: str = ""
    columns: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def needs_labels(self) -> bool:
        """Whether only labelled rows have a value."""
        return "label" in self.columns


def compile_expression(text: str, schema: Schema, prefix: str = "x") -> Compiled:
    """SQL of the expression; UsageError says which word is not understood."""
    if not text.strip():
        raise UsageError("The expression is empty.", "", _HOW)
    if len(text) > MOST:
        raise UsageError(f"The expression is longer than {MOST} characters.", "", _HOW)
    parser = _Parser(text, schema, prefix)
    sql = parser.either()
    if not parser.is_done:
        raise parser.problem("something is left over")
    return Compiled(sql, tuple(parser.columns), parser.values)


_HOW = (
    "Write something like abs(prediction - label), label != prediction and origin = 'JFK', or"
    f" if(score > 0.9, 1, 0). Functions: {', '.join(FUNCTIONS)}."
)


class _Parser:
    def __init__(self, text: str, schema: Schema, prefix: str) -> None:
        self.text, self.schema, self.prefix = text, schema, prefix
        self.items = list(self._split())
        self.at = 0
        self.depth = 0
        self.columns: dict[str, None] = {}
        self.values: dict[str, Any] = {}

    def _split(self) -> Iterator[tuple[str, str]]:
        at = 0
        while self.text[at:].strip():
            found = _TOKEN.match(self.text, at)
            if found is None:
                near = self.text[at:].strip()[:20]
                raise UsageError(f"The expression cannot be read at {near!r}.", "", _HOW)
            yield str(found.lastgroup), found.group(str(found.lastgroup))
            at = found.end()

    @property
    def is_done(self) -> bool:
        return self.at >= len(self.items)

    def problem(self, why: str) -> UsageError:
        near = "its end" if self.is_done else repr(self.items[self.at][1])
        return UsageError(f"The expression cannot be read at {near}: {why}.", "", _HOW)

    def take(self, *wanted: str) -> str | None:
        """The next sign or word if it is one of these."""
        if self.is_done:
            return None
        kind, token = self.items[self.at]
        if kind in ("sign", "name") and token.lower() in wanted:
            self.at += 1
            return token.lower()
        return None

    def need(self, sign: str) -> None:
        if self.take(sign) is None:
            raise self.problem(f"{sign!r} is expected")

    def either(self) -> str:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.problem("it is nested too deeply")
        sql = self.both()
        while self.take("or"):
            sql = f"({sql} OR {self.both()})"
        self.depth -= 1
        return sql

    def both(self) -> str:
        sql = self.negated()
        while self.take("and"):
            sql = f"({sql} AND {self.negated()})"
        return sql

    def negated(self) -> str:
        return f"(NOT {self.negated()})" if self.take("not") else self.compared()

    def compared(self) -> str:
        sql = self.added()
        if self.take("is"):
            word = "IS NOT NULL" if self.take("not") else "IS NULL"
            if self.take("null") is None:
                raise self.problem("IS takes NULL or NOT NULL")
            return f"({sql} {word})"
        sign = self.take("=", "!=", "<>", "<", "<=", ">", ">=")
        return f"({sql} {sign} {self.added()})" if sign else sql

    def added(self) -> str:
        sql = self.multiplied()
        while sign := self.take("+", "-"):
            sql = f"({sql} {sign} {self.multiplied()})"
        return sql

    def multiplied(self) -> str:
        sql = self.signed()
        while sign := self.take("*", "/", "%"):
            other = self.signed()
            # A division by zero is no value, as in the rest of the log.
            sql = f"({sql} {sign} {other})" if sign == "*" else f"({sql} {sign} nullif({other}, 0))"
        return sql

    def signed(self) -> str:
        return f"(-{self.signed()})" if self.take("-") else self.single()

    def single(self) -> str:
        if self.is_done:
            raise self.problem("a column, number or text is expected")
        if self.take("("):
            sql = self.either()
            self.need(")")
            return f"({sql})"
        kind, token = self.items[self.at]
        if kind == "sign":
            raise self.problem("a column, number or text is expected")
        self.at += 1
        if kind == "number":
            return f"{float(token)!r}::DOUBLE"
        if kind == "text":
            key = f"{self.prefix}{len(self.values)}"
            self.values[key] = token[1:-1].replace("''", "'")
            return f"${key}"
        if token.lower() in ("true", "false"):
            return token.upper()
        if token.lower() == "null":
            return "NULL"
        if token.lower() in _WORDS:
            self.at -= 1
            raise self.problem("a column, number or text is expected")
        return self.called(token) if self.take("(") else self.column(token)

    def called(self, token: str) -> str:
        name = token.lower()
        if name not in FUNCTIONS:
            near = difflib.get_close_matches(name, FUNCTIONS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Functions: {', '.join(FUNCTIONS)}."
            raise UsageError(f"There is no function {token!r} in an expression.", "", hint)
        sql, least, most = FUNCTIONS[name]
        arguments = [self.either()]
        while self.take(","):
            arguments.append(self.either())
        self.need(")")
        if not least <= len(arguments) <= most:
            raise UsageError(
                f"{token} takes {least if least == most else f'{least} to {most}'} arguments, not"
                f" {len(arguments)}.",
                "",
                _HOW,
            )
        return f"{sql}({', '.join(arguments)})"

    def column(self, token: str) -> str:
        name = token[1:-1].replace('""', '"') if token.startswith('"') else token
        known = [c.name for c in self.schema.features] + list(COMMON)
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(known)}."
            raise UsageError(f"There is no column {name!r} for an expression.", "", hint)
        self.columns[name] = None
        if is_numeric(name, self.schema):
            return f"nullif(CAST({quote_name(name)} AS DOUBLE), 'nan'::DOUBLE)"
        return f"CAST({quote_name(name)} AS VARCHAR)"
