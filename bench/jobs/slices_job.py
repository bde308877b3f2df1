"""Telltale on the same log, slices of one or two conditions; labels beside the rows where the folder is there."""

from __future__ import annotations

import sys
from pathlib import Path

from app.cli import lighten

lighten()  # as every command does

from analytics.core import Question, Scope  # noqa: E402
from analytics.evaluate.slices import slices  # noqa: E402
from analytics.query.beside import Beside  # noqa: E402
from analytics.query.engine import Engine  # noqa: E402
from bench.generated import read_log  # noqa: E402

FOLDER, ROWS, BESIDE = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[5]
columns = (*sys.argv[3].split(","), *sys.argv[4].split(","))
engine = Engine([FOLDER], beside=Beside(folder=FOLDER / BESIDE))
dataset = read_log(FOLDER / "log", ROWS)
print(len(slices(engine, dataset, Question(Scope(), None, (), columns), depth=2)))
