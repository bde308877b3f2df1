"""What a plan of labels says, before any label and as they come."""

from __future__ import annotations

from analytics.core import Result
from analytics.estimate.losses import LOSSES
from analytics.estimate.plan import Plan
from analytics.words import write_count, write_value

NAMES = {
    "accuracy": "accuracy",
    "brier": "the Brier score",
    "log_loss": "the log loss",
    "mae": "the mean absolute error",
    "mse": "the mean squared error",
}


def write_width(metric: str, width: float) -> str:
    """A plus-minus in words: points for accuracy, else in the metric's own unit.

    >>> write_width("accuracy", 0.01), write_width("accuracy", 0.025), write_width("mae", 1.5)
    ('1 point', '2.5 points', '1.5')
    """
    if metric != "accuracy":
        return f"{width:.3g}"
    points = f"{100 * width:.1f}".removesuffix(".0")
    return f"{points} point" if points == "1" else f"{points} points"


def plan_sentence(plan: Plan) -> str:
    """How many labels, for what, and how many it would take at random."""
    need = plan.need
    goal = f"{NAMES[plan.metric]} to within {write_width(plan.metric, plan.within)}"
    if need.n >= need.n_pool:
        return (
            f"To know {goal}, all {write_count(need.n_pool)} unlabelled rows of this window are"
            " needed: it is too short for this goal."
        )
    saved = need.n_random - need.n
    at_random = f"Drawn at random it would take {write_count(need.n_random)}"
    compared = (
        f"{at_random}, {write_count(saved)} more."
        if saved > 0
        else f"{at_random} as well: nothing known so far says where the errors are."
    )
    return (
        f"To know {goal}, label {write_count(need.n)} of the {write_count(need.n_pool)} rows"
        f" without a label. {compared}"
    )


def progress_sentence(plan: Plan, result: Result, *, is_reached: bool) -> str:
    """Where a plan stands: the number so far, and whether to go on."""
    n = int(result.detail["n_from_plan"])
    width = result.detail["plus_minus"]
    if result.value is None or width is None:
        return f"{n} of {write_count(plan.need.n)} rows are labelled; two are needed for a first number."
    name = NAMES[plan.metric]
    unit = LOSSES[plan.metric].unit
    value = (
        f"{100 * result.value:.1f} %"
        if plan.metric == "accuracy"
        else write_value(result.value, unit)
    )
    now = f"After {write_count(n)} labels {name} is {value}, give or take {write_width(plan.metric, width)}"
    goal = write_width(plan.metric, plan.within)
    if is_reached:
        return f"{now}. The goal of {goal} is reached: stop here."
    if width <= plan.within:
        return f"{now}. That is within the goal of {goal}, by few labels: finish the plan."
    left = max(plan.need.n - n, 0)
    if left:
        return f"{now}. The goal is {goal}: about {write_count(left)} more labels."
    return f"{now}. The plan is done and the goal of {goal} is not reached: label more of the rows that were drawn."
