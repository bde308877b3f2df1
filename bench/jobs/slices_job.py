"""Telltale on the same log, slices of one or two conditions; labels beside the rows where the folder is there."""

from __future__ import annotations

import sys
from pathlib import Path

from analytics.core import Question, Scope
from analytics.evaluate.slices import slices
from analytics.query.beside import Beside
from analytics.query.engine import Engine
from bench.generated import read_log

FOLDER, ROWS, BESIDE = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[5]
columns = (*sys.argv[3].split(","), *sys.argv[4].split(","))
engine = Engine([FOLDER], beside=Beside(folder=FOLDER / BESIDE))
dataset = read_log(FOLDER / "log", ROWS)
print(len(slices(engine, dataset, Question(Scope(), None, (), columns), depth=2)))
