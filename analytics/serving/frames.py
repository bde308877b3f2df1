"""Frames of a stack: file, line and function, whichever language wrote them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Python; C#; Java and JavaScript with a function; JavaScript without; Firefox; our client and Go.
SHAPES = (
    r'File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.+))?',
    r"at (?P<function>.+) in (?P<file>.+):line (?P<line>\d+)",
    r"at (?P<function>.+?) ?\((?P<file>.+?):(?P<line>\d+)(?::\d+)?\)",
    r"at (?P<file>.+?):(?P<line>\d+):\d+",
    r"(?P<function>.*)@(?P<file>.+):(?P<line>\d+):\d+",
    r"(?P<file>.+):(?P<line>\d+)(?: in (?P<function>.+))?",
)


@dataclass(frozen=True, slots=True)
class StackFrame:
    """Where a program stood."""

    file: str
    line: int
    function: str = ""


def read_frame(text: str) -> StackFrame:
    """A line of a stack.

    >>> read_frame('File "/srv/app.py", line 10, in predict')
    StackFrame(file='/srv/app.py', line=10, function='predict')
    >>> read_frame("at com.shop.Model.score(Model.java:42)")
    StackFrame(file='Model.java', line=42, function='com.shop.Model.score')
    """
    for shape in SHAPES:
        if found := re.fullmatch(shape, text):
            parts = found.groupdict()
            return StackFrame(parts["file"], int(parts["line"]), parts.get("function") or "")
    return StackFrame(text, 0)


def innermost_first(lines: Sequence[str]) -> tuple[StackFrame, ...]:
    """The frames with the one that failed first: Python writes it last, the others first."""
    is_python = bool(lines) and re.match(r'File "|.+\.py:\d+', lines[0]) is not None
    return tuple(read_frame(line) for line in (reversed(lines) if is_python else lines))


def short_frame(frame: StackFrame) -> str:
    """A frame in a few words, its folder left out.

    >>> short_frame(StackFrame("/srv/app.py", 10, "predict"))
    'predict, app.py:10'
    """
    name = re.split(r"[/\\]", frame.file)[-1]
    place = f"{name}:{frame.line}"
    return f"{frame.function}, {place}" if frame.function else place
