"""What an import would do: columns, roles, task, what is open, and what can be computed from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from analytics.core import Column, Kind, Schema, Task
from analytics.errors import LogEmpty, RoleAmbiguous, UsageError
from analytics.query.engine import Cancel
from analytics.sources.names import parse_mapping, stored_name, tier_of
from analytics.sources.profile import (
    MAX_CLASSES,
    Profile,
    classes_sql,
    is_missing,
    profile_sql,
)
from analytics.sources.relation import canonical_class, canonical_text, quote_name
from analytics.sources.roles import Ambiguity, Guesses, guess_roles
from analytics.sources.task import TaskFacts, TaskGuess, infer_task
from app.ingest.columns import abilities, as_before, changed_problem, conversion_of
from app.ingest.events import read_as_events
from app.ingest.feedback import read_as_feedback
from app.ingest.files import find_files
from app.ingest.foreign import look_into, told
from app.ingest.readers import FileColumn, read_columns, source_sql
from app.ingest.words import ImportOptions, ImportPlan, Place, PlanColumn, Question, SourceFile
from app.ingest.workspace import Workspace
from app.state.models import Model, check_name, find_model

SAMPLE_ROWS = 20_000
N_EXAMPLES = 3


def plan_import(
    place: Place,
    paths: Sequence[str | Path],
    options: ImportOptions,
    cancel: Cancel | None = None,
) -> ImportPlan:
    """Look at the files and say what an import would do; nothing is kept.

    What only a person can decide comes back as ``questions``. Raises a TelltaleError where the
    files cannot be read at all.
    """
    check_name(options.model)
    files = find_files(paths, options.format, place.roots)
    with place.database.read() as connection:
        model = find_model(connection, options.model)
    with Workspace(place, [f.path for f in files], cancel=cancel) as workspace:
        look = look_into(workspace, files, options, model, SAMPLE_ROWS)
        plan = _Planner(workspace, look.files, look.options, model).plan()
        return told(plan, look, files, options)


class _Sample:
    """The columns of all files together, their first rows, and what these look like."""

    def __init__(
        self, workspace: Workspace, files: tuple[SourceFile, ...], mapped: Iterable[str]
    ) -> None:
        self.workspace, self.files, self.mapped = workspace, files, mapped
        self.columns = self._read()

    def _read(self) -> list[FileColumn]:
        """The columns of all files together, and their first rows as the table ``sample``."""
        of_files = [(file, read_columns(self.workspace, file)) for file in self.files]
        columns: dict[str, FileColumn] = {}
        for column in (c for _file, own in of_files for c in own):
            columns.setdefault(column.name, column)
        missing = [name for name in self.mapped if name not in columns]
        if missing:
            raise UsageError(
                f"There is no column {missing[0]!r} to map.",
                f"The columns are: {', '.join(columns)}.",
                "Check the --map that names it.",
            )
        names = {name: f"c{i}" for i, name in enumerate(columns)}
        declared = ", ".join(f"{name} VARCHAR" for name in names.values())
        self.workspace.run(f"CREATE TABLE sample ({declared})")
        share = max(1, SAMPLE_ROWS // len(of_files))
        for file, own in of_files:  # one open at a time, however many there are
            picks = ", ".join(
                f"CAST(r{i} AS VARCHAR) AS {names[c.name]}" for i, c in enumerate(own)
            )
            keep = "" if file.format in ("csv", "parquet") else " WHERE NOT is_broken"
            self.workspace.run(
                f"INSERT INTO sample BY NAME SELECT {picks} FROM {source_sql(file, own)}{keep}"
                f" LIMIT {share}"
            )
        if self.workspace.value("SELECT count(*) FROM sample") == 0:
            raise LogEmpty(
                f"{self.files[0].path} has column names and no rows.",
                "Nothing was written below its first line, or no line of it could be read.",
                "Check where it came from; nothing was imported.",
            )
        return list(columns.values())

    def profile(self, i: int, column: FileColumn) -> Profile:
        name = f"c{i}"
        counted = self.workspace.run(profile_sql(name, "sample"))[0]
        quoted = quote_name(name)
        examples = self.workspace.run(
            f"SELECT DISTINCT {quoted} FROM (SELECT {quoted} FROM sample WHERE NOT {is_missing(quoted)}"
            f" LIMIT 200) LIMIT {N_EXAMPLES}"
        )
        found = self.workspace.run(classes_sql(name, "sample")) if counted[2] <= 2000 else []
        classes = tuple(str(row[0]) for row in found) if len(found) <= MAX_CLASSES else ()
        shown = tuple(str(row[0])[:60] for row in examples)
        profile = Profile(column.name, column.path, column.sql_type, *counted)
        return replace(profile, examples=shown, classes=classes)

    def agree(self, one: str, other: str) -> float | None:
        """How strongly two columns go together: |correlation| of numbers, kappa of classes."""
        index = {c.name: f"c{i}" for i, c in enumerate(self.columns)}
        a, b = (canonical_class(index[name]) for name in (one, other))
        both = f"(SELECT {a} AS a, {b} AS b FROM sample)"
        numbers = self.workspace.run(
            f"SELECT abs(corr(TRY_CAST(a AS DOUBLE), TRY_CAST(b AS DOUBLE))) FROM {both}"
        )[0][0]
        if numbers is not None:
            return float(numbers) if numbers == numbers else None
        same, chance = self.workspace.run(
            f"SELECT avg((a = b)::INT), (SELECT sum(x.p * y.p) FROM"
            f" (SELECT a, count(*) / sum(count(*)) OVER () AS p FROM {both} GROUP BY a) x JOIN"
            f" (SELECT b, count(*) / sum(count(*)) OVER () AS p FROM {both} GROUP BY b) y ON x.a = y.b)"
            f" FROM {both}"
        )[0]
        if same is None or chance is None or chance >= 1:
            return None
        return float((same - chance) / (1 - chance))


class _Planner:
    def __init__(
        self,
        workspace: Workspace,
        files: tuple[SourceFile, ...],
        options: ImportOptions,
        model: Model | None,
    ) -> None:
        self.workspace, self.files, self.options, self.model = workspace, files, options, model
        self.given = parse_mapping(options.mapping)
        self.problems: list[str] = []

    def plan(self) -> ImportPlan:
        """All of it, in order."""
        sample = _Sample(self.workspace, self.files, self.given)
        columns = sample.columns
        kind = self._kind(columns)
        profiles = [sample.profile(i, c) for i, c in enumerate(columns)]
        if kind in ("events", "feedback"):
            return _plan_events(self, profiles, kind)
        known = self.model.source_names if self.model else {}
        guesses = guess_roles(profiles, self.given, known, kind, sample.agree)
        task, questions = self._task(profiles, guesses, kind)
        zone, is_assumed = self._zone(profiles, guesses)
        planned = tuple(c for p in profiles for c in self._columns(p, guesses, task, zone))
        computes, lacks = abilities(planned, kind, task.task)
        return ImportPlan(
            options=self.options,
            files=self.files,
            format=self.files[0].format,
            kind=kind,
            columns=planned,
            task=task.task,
            classes=task.classes,
            positive=task.positive,
            threshold=self._threshold(guesses, task),
            timezone=zone,
            is_zone_assumed=is_assumed,
            n_rows=None,
            questions=tuple(questions),
            problems=(*self.problems, *guesses.notes, *task.notes),
            computes=computes,
            lacks=lacks,
        )

    def _kind(self, columns: Sequence[FileColumn]) -> Kind:
        if self.options.kind is not None:
            return self.options.kind
        roles = {role for role, _class in self.given.values()}
        for role in ("prediction_id", "prediction", "score", "label", "label_time"):
            if any(tier_of(role, c.name) is not None for c in columns):
                roles.add(role)
        looks = {"prediction_id", "label"} <= roles and not roles & {"prediction", "score"}
        return "labels" if looks and len(columns) <= 4 else "predictions"

    def _task(
        self, profiles: Sequence[Profile], guesses: Guesses, kind: Kind
    ) -> tuple[TaskGuess, list[Question]]:
        """The task, and every question that is open."""
        questions = [_question(a) for a in guesses.ambiguities]
        old = self.model.schema if self.model else None
        chosen = self.options.task or (old.task if old and old.task != "none" else None)
        positive = self.options.positive
        if positive is not None:
            positive = canonical_text(positive)
        elif old is not None and old.task == "binary":
            positive = old.positive
        if kind not in ("predictions", "labels"):
            return TaskGuess(chosen or "none"), questions
        if kind == "labels" and chosen is None:
            return TaskGuess("none"), questions
        try:
            return infer_task(self._facts(profiles, guesses), chosen, positive), questions
        except RoleAmbiguous as error:
            questions.append(Question(error.what, (), (error.do,)))
            return TaskGuess(chosen or "none"), questions

    def _facts(self, profiles: Sequence[Profile], guesses: Guesses) -> TaskFacts:
        by_name = {p.name: p for p in profiles}
        outputs = [
            by_name[n] for n in (*guesses.of("prediction"), *guesses.of("label")) if n in by_name
        ]
        named = [guesses.roles[n].class_name for n in guesses.of("score")]
        classes = sorted({c for p in outputs for c in p.classes})
        return TaskFacts(
            classes=tuple(classes),
            is_open=any(p.n_values and not p.classes for p in outputs),
            is_numeric=bool(outputs) and all(p.is_numeric or p.is_boolean for p in outputs),
            is_integer=bool(outputs) and all(p.n_integer == p.n_numeric for p in outputs),
            has_prediction=bool(guesses.of("prediction")),
            has_label=bool(guesses.of("label")),
            has_score=any(name is None for name in named),
            score_classes=tuple(sorted(str(canonical_text(n)) for n in named if n is not None)),
        )

    def _zone(self, profiles: Sequence[Profile], guesses: Guesses) -> tuple[str, bool]:
        """The time zone of naive times, and whether it was only assumed."""
        times = [
            p for p in profiles for r in ("timestamp", "label_time") if p.name in guesses.of(r)
        ]
        naive = [p for p in times if _is_naive(p)]
        zone = self.options.timezone or "UTC"
        _check_zone(zone)
        return zone, bool(naive) and self.options.timezone is None

    def _threshold(self, guesses: Guesses, task: TaskGuess) -> float | None:
        if self.options.threshold is not None:
            return self.options.threshold
        needs = task.task == "binary" and guesses.of("score") and not guesses.of("prediction")
        return 0.5 if needs else None

    def _columns(
        self, profile: Profile, guesses: Guesses, task: TaskGuess, zone: str
    ) -> list[PlanColumn]:
        """The column, of the type it had in earlier imports."""
        column = self._column(profile, guesses, task, zone)
        known = self.model.schema.columns if self.model else ()
        columns = as_before(column, profile, known)
        if len(columns) > 1:
            self.problems.append(changed_problem(*columns))
        return columns

    def _column(self, profile: Profile, guesses: Guesses, task: TaskGuess, zone: str) -> PlanColumn:
        guess = guesses.roles[profile.name]
        kind, conversion = conversion_of(profile, guess.role, self._stored_task(task), zone)
        class_name = guess.class_name and canonical_text(guess.class_name)
        return PlanColumn(
            name=profile.name,
            path=profile.path,
            sql_type=profile.sql_type,
            role=guess.role,
            type=kind,
            conversion=conversion,
            stored=stored_name(guess.role, profile.name, class_name),
            why=guess.why,
            class_name=class_name,
            examples=profile.examples,
        )

    def _stored_task(self, task: TaskGuess) -> Task:
        if self.model is not None and task.task == "none":
            return self.model.schema.task
        return task.task


def _plan_events(planner: _Planner, profiles: Sequence[Profile], kind: Kind) -> ImportPlan:
    """Events and feedback have names and columns of their own, and no task."""
    zone = planner.options.timezone or "UTC"
    _check_zone(zone)
    if kind == "events":
        found = read_as_events(profiles, planner.given, zone)
        columns, questions, notes = found.columns, found.questions, found.notes
        computes = "what people do with the predictions"
    else:
        columns, questions = read_as_feedback(profiles, planner.given, zone)
        notes, computes = (), "what users say of the predictions"
    times = [c.name for c in columns if c.role == "timestamp" or c.stored == "created_at"]
    return ImportPlan(
        options=planner.options,
        files=planner.files,
        format=planner.files[0].format,
        kind=kind,
        columns=columns,
        task=planner.model.schema.task if planner.model else "none",
        timezone=zone,
        is_zone_assumed=planner.options.timezone is None
        and any(_is_naive(p) for p in profiles if p.name in times),
        questions=questions,
        problems=notes,
        computes=(computes,),
    )


def _question(ambiguity: Ambiguity) -> Question:
    return Question(ambiguity.what, ambiguity.columns, ambiguity.answers)


def _is_naive(p: Profile) -> bool:
    """Whether a column of times says no zone."""
    return p.epoch is None and p.n_offset < p.n_values and "ZONE" not in p.sql_type


def _check_zone(zone: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(
            f"There is no time zone {zone!r}.",
            "Zones are named as in the IANA database.",
            "Write --timezone America/New_York, Europe/Berlin or UTC.",
        ) from error


def check_open(plan: ImportPlan) -> None:
    """Raise RoleAmbiguous for the first question that is open."""
    if not plan.questions:
        return
    question = plan.questions[0]
    raise RoleAmbiguous(
        question.what,
        "What a column means is never guessed silently wrong.",
        "Add one of: " + "; ".join(question.answers),
    )


def schema_of(plan: ImportPlan) -> Schema:
    """The schema that this plan's columns make; logs beside predictions and labels add nothing."""
    if plan.kind not in ("predictions", "labels"):
        return Schema("none", ())
    columns = tuple(
        Column(
            c.stored if c.role in ("feature", "segment") else c.name, c.role, c.type, c.class_name
        )
        for c in plan.columns
        if c.role != "ignore" and not (plan.kind == "labels" and c.role != "label")
    )
    return Schema(plan.task, columns, plan.classes, plan.positive, plan.threshold)
