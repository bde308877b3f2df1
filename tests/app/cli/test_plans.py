"""Plans of labels from the command line: planned, queued, read as labels come; and who may do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from analytics.errors import AccessDenied
from app.ask import Desk
from app.auth.viewer import Viewer, operator
from app.ingest.outbox import flush
from app.ingest.words import Place
from app.labelling.answer import Answer, give_answers, undo
from app.labelling.choose import Wanted, fill_queue
from app.labelling.claim import claim_next
from app.labelling.plans import (
    fixed_asking,
    lost_rows,
    plan_progress,
    put_aside,
    question_of,
    queue_plan,
    start_plan,
)
from app.labelling.projects import make_project
from app.questions import Asked
from app.settings import read_settings
from app.state.grants import Grant
from app.state.labels import Setup, task_table
from app.state.plans import Asking, get_plan, list_plans

Run = Callable[..., tuple[int, Any, str]]
N = 400
KNOWN = "2099-01-01"  # labels come after their plan was made
PLAN = ("label", "plan", "--model", "m", "--within", "0.03")


@pytest.fixture
def log(tmp_path: Path, telltale: Run) -> dict[str, str]:
    """A model whose scores know where it is wrong, without labels; the truth of each row."""
    rng = np.random.default_rng(1)
    score = rng.uniform(0.5, 1.0, N)
    truth = np.where(rng.random(N) < score, "yes", "no")
    days = [f"2026-01-{1 + i * 27 // N:02}T10:00:00" for i in range(N)]
    lines = ["prediction_id,timestamp,prediction,score_yes,score_no,x"]
    lines += [f"p{i},{days[i]},yes,{s:.3f},{1 - s:.3f},{i % 7}" for i, s in enumerate(score)]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines))
    status, _said, err = telltale("import", str(path), "--model", "m", "--positive", "yes")
    assert status == 0, err
    return {f"p{i}": str(t) for i, t in enumerate(truth)}


def label(telltale: Run, folder: Path, rows: list[tuple[str, str, float]]) -> None:
    lines = ["prediction_id,label,known_at,source,queue,sampling_p"]
    lines += [f"{i},{t},{KNOWN},annotator,active,{p}" for i, t, p in rows]
    path = folder / f"labels{len(rows)}.csv"
    path.write_text("\n".join(lines))
    status, _said, err = telltale("import", str(path), "--model", "m", "--kind", "labels")
    assert status == 0, err


def test_a_plan_is_made_queued_and_read(log: dict[str, str], tmp_path: Path, telltale: Run) -> None:
    status, said, err = telltale(*PLAN)
    assert status == 0, err
    assert 30 <= said["n"] <= said["n_random"] < N and said["plan"] is None
    assert (said["metric"], said["n_rows"], len(said["rows"])) == ("accuracy", N, said["n"])
    assert all(0 < row["sampling_p"] <= 1 for row in said["rows"])
    status, _said, err = telltale(*PLAN, "--queue")
    assert status == 2 and "no open labelling project" in err
    with Desk(read_settings(home=tmp_path / "home")) as desk:
        setup = Setup("Right?", classes=("no", "yes"), gold_share=0.0, n_practice=0)
        make_project(desk.database, operator(), "m", setup)
    status, kept, err = telltale(*PLAN, "--queue")
    assert status == 0 and kept["plan"] == 1, err
    assert kept["rows"] == said["rows"]  # drawn by a fixed seed
    with Desk(read_settings(home=tmp_path / "home")) as desk, desk.database.read() as connection:
        tasks = connection.execute(sa.select(task_table)).all()
    assert {t.prediction_id: t.sampling_p for t in tasks} == pytest.approx(
        {r["prediction_id"]: r["sampling_p"] for r in said["rows"]}
    )
    rows = [(r["prediction_id"], log[r["prediction_id"]], r["sampling_p"]) for r in said["rows"]]
    label(telltale, tmp_path, rows[:40])
    status, found, err = telltale("label", "plan", "--model", "m", "--status", "1")
    assert status == 0, err
    assert found["results"][0]["detail"]["n_from_plan"] == 40 and not found["is_reached"]
    label(telltale, tmp_path, rows)
    _status, found, _err = telltale("label", "plan", "--model", "m", "--status", "1")
    (result,) = found["results"]
    by = ("label", "plan", "--model", "m", "--status", "1", "--slice", "x >= 0", "--by", "x")
    status, by_slice, err = telltale(*by)
    assert status == 0, err
    *quarters, everything = by_slice["results"]
    assert everything["value"] == pytest.approx(result["value"], abs=0.005)  # all rows
    assert sum(r["n"] for r in quarters) == everything["n"] == N
    status, _said, err = telltale(*by[:-1], "nothing")
    assert status == 2 and "nothing" in err
    truth = np.mean([t == "yes" for t in log.values()])
    assert result["low"] <= truth <= result["high"]
    assert result["detail"]["plus_minus"] == pytest.approx((result["high"] - result["low"]) / 2)
    _status, headline, _err = telltale("performance", "--model", "m", "--names", "accuracy")
    (weighted,) = headline["results"]  # weights one over the chance: the whole window again
    assert weighted["value"] == pytest.approx(truth, abs=0.06)
    assert weighted["n_labelled"] == len(rows)


def test_what_cannot_be_asked_says_so(log: dict[str, str], telltale: Run) -> None:
    status, _said, err = telltale("label", "plan", "--model", "m")
    assert status == 2 and "--within" in err
    status, _said, err = telltale(*PLAN, "--metric", "roc_auc")
    assert status == 2 and "accuracy, brier, log_loss" in err
    status, _said, err = telltale("label", "plan", "--model", "m", "--status", "9")
    assert status == 2 and "no plan 9" in err
    status, _said, err = telltale(*PLAN, "--by", "x")
    assert status == 2 and "--status PLAN" in err


def test_rows_that_everybody_passed_over_are_lost(log: dict[str, str], tmp_path: Path) -> None:
    boss = operator()
    ann = Viewer("ann", "Ann", "annotator", (Grant("annotator", "m"),))
    with Desk(read_settings(home=tmp_path / "home")) as desk:
        setup = Setup("Right?", classes=("no", "yes"), guard_ms=0, gold_share=0.0, n_practice=0)
        project = make_project(desk.database, boss, "m", setup)
        dataset = desk.dataset("m")
        from analytics.evaluate.plan import plan_labels

        question = question_of(dataset, Asking("m", "2026-01-01..2026-01-15", None, "x < 3"))
        found = plan_labels(desk.engine, dataset, question.scope, "accuracy", 0.05)
        asking = fixed_asking(dataset, question)
        assert asking.window == "2026-01-01T00:00:00..2026-01-15T00:00:00"
        with pytest.raises(AccessDenied):
            start_plan(desk.engine, desk.database, ann, dataset, asking, found)
        number = start_plan(desk.engine, desk.database, boss, dataset, asking, found)
        with pytest.raises(AccessDenied):
            queue_plan(desk.engine, desk.database, ann, dataset, number, 5)
        assert queue_plan(desk.engine, desk.database, boss, dataset, number, 5).n == 5
        assert queue_plan(desk.engine, desk.database, boss, dataset, number, 8).n == 3
        cards = claim_next(desk.database, ann, project, 2, "active").cards
        assert [c.prediction_id for c in cards] == list(found.ids[:2])
        assert cards[0].reason.startswith("row 1 of")
        skipped = [Answer("u1", cards[0].task_id, action="skip")]
        give_answers(desk.database, ann, project, skipped)
        stored = get_plan(desk.database, number)
        assert lost_rows(desk.database, stored) == {found.ids[0]}
        progress = plan_progress(desk.engine, desk.database, ann, dataset, stored)
        assert (progress.n_lost, progress.result.value) == (1, None)
        with pytest.raises(AccessDenied):
            put_aside(desk.database, ann, number)
        put_aside(desk.database, boss, number)
        assert list_plans(desk.database, "m") == []


def test_a_drawn_label_that_is_taken_back_leaves_the_headline(
    log: dict[str, str], tmp_path: Path
) -> None:
    boss, ann = operator(), Viewer("ann", "Ann", "annotator", (Grant("annotator", "m"),))
    with Desk(read_settings(home=tmp_path / "home")) as desk:
        setup = Setup("Right?", classes=("no", "yes"), guard_ms=0, gold_share=0.0, n_practice=0)
        project = make_project(desk.database, boss, "m", setup)
        fill_queue(desk.engine, desk.database, boss, project, Wanted("random", 3))
        place = Place(desk.settings.home, desk.database, "worker")

        def n_labelled() -> int | None:
            flush(place)
            asked = Asked(names=("accuracy",))
            return desk.ask("performance", "m", asked)[2][0].n_labelled

        for i, card in enumerate(claim_next(desk.database, ann, project, 3).cards):
            give_answers(desk.database, ann, project, [Answer(f"u{i}", card.task_id, "yes")])
        assert n_labelled() == 3
        undo(desk.database, ann, project)
        assert n_labelled() == 2


def test_a_window_without_an_end_is_given_one(log: dict[str, str], tmp_path: Path) -> None:
    with Desk(read_settings(home=tmp_path / "home")) as desk:
        dataset = desk.dataset("m")
        whole = fixed_asking(dataset, question_of(dataset, Asking("m")))
        assert whole.window == "2026-01-01T10:00:00..2026-01-27T10:00:00.000001"
        rows = fixed_asking(dataset, question_of(dataset, Asking("m", "5..9rows")))
        assert rows.window == "5..9rows"
