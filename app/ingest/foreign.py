"""Logs of other systems in a plan: converted for a look, and what only that format knows told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from app.ingest.convert import NO_TIME, Converted, as_lines, check_taken, is_foreign
from app.ingest.formats import FOREIGN
from app.ingest.formats.otlp import kind_of
from app.ingest.formats.records import read_records
from app.ingest.words import ImportOptions, ImportPlan, Question, SourceFile
from app.ingest.workspace import Workspace
from app.state.models import Model

OF_SENDER = "about the sender, not about the prediction"


@dataclass(frozen=True, slots=True)
class Look:
    """What a plan is made of: the files to look into, the options for these, what was converted."""

    files: tuple[SourceFile, ...]
    options: ImportOptions
    found: Converted | None = None
    ignored: tuple[str, ...] = ()
    timeless: str = ""  # why, where no record has a time


def look_into(
    workspace: Workspace,
    files: tuple[SourceFile, ...],
    options: ImportOptions,
    model: Model | None,
    most: int,
) -> Look:
    """The files as a plan reads them: as they are, or their first rows as JSON lines."""
    if not is_foreign(files):
        return Look(files, options)
    found = as_lines(workspace, files, options, most=most)
    timeless = "" if found.n_rows else next(iter(found.times), "")
    if timeless:
        found = as_lines(workspace, files, options, most=most, skips_time=True)
    check_taken(found)
    named = {column for _role, column in options.mapping} | set(model.source_names if model else ())
    ignores = FOREIGN[files[0].format].ignores
    ignored = tuple(name for name in found.names if ignores(name) and name not in named)
    mapping = [pair for pair in options.mapping if pair != NO_TIME]
    mapping += [("ignore", name) for name in ignored]
    kind = options.kind
    if kind is None and files[0].format == "otlp":
        kind = kind_of(next(read_records(Path(files[0].path))))
    changed = replace(options, mapping=tuple(mapping), kind=kind)
    return Look(found.files, changed, found, ignored, timeless)


def told(
    plan: ImportPlan, look: Look, files: tuple[SourceFile, ...], options: ImportOptions
) -> ImportPlan:
    """The plan with the files and options that were given, and what the format knows of them."""
    if look.found is None:
        return plan
    foreign = FOREIGN[files[0].format]
    questions = list(plan.questions)
    if look.timeless:
        what = f"No record has a time, go without? {look.timeless}"
        questions.insert(0, Question(what, ("inferenceTime",), ("--map ignore=inferenceTime",)))
    for name in foreign.asks:
        column = next((c for c in plan.columns if c.name == name), None)
        if column is not None and column.why != "given" and column.role == "feature":
            answers = (f"--map score={name}", f"--map prediction={name}")
            questions.append(Question(f"What is {name!r}?", (name,), answers))
    columns = (
        replace(c, why=OF_SENDER) if c.name in look.ignored and c.role == "ignore" else c
        for c in plan.columns
    )
    return replace(
        plan,
        options=options,
        files=files,
        format=files[0].format,
        columns=tuple(columns),
        questions=tuple(questions),
        problems=(*_problems(look.found), *plan.problems),
        recognised=foreign.title,
    )


def _problems(found: Converted) -> list[str]:
    """What was set aside of the records looked at."""
    n = found.n_records
    said = [f"{m:,} of {n:,} records are set aside: {why}" for why, m in found.aside.items()]
    if found.n_without_time:
        said.append("--map ignore=inferenceTime takes records without their times.")
    return said
