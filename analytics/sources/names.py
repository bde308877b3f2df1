"""The names by which columns are known: what people call an id, a score, a label.

A role has tiers: a name of the first tier wins over one of the second; two of one tier are asked.
"""

from __future__ import annotations

import re
from typing import get_args

from analytics.core import RESERVED, Role
from analytics.errors import UsageError

ROLES: tuple[str, ...] = get_args(Role)

TIERS: dict[str, tuple[frozenset[str], ...]] = {
    "prediction_id": (
        frozenset({"prediction_id", "inference_id"}),
        frozenset(
            {"id", "uuid", "guid", "identifier", "request_id", "event_id", "record_id", "row_id"}
            | {"transaction_id", "case_id", "sample_id", "item_id", "example_id"}
        ),
    ),
    "timestamp": (
        frozenset({"timestamp", "prediction_time", "prediction_timestamp", "predicted_at"})
        | {"inference_time", "event_time", "event_timestamp", "request_time"},
        frozenset({"ts", "time", "datetime", "date_time", "date", "created_at", "logged_at"}),
    ),
    "label_time": (
        frozenset({"known_at", "label_time", "label_timestamp", "labelled_at", "labeled_at"})
        | {"label_known_at", "outcome_time", "target_time", "ground_truth_time"},
    ),
    "model_version": (frozenset({"model_version"}), frozenset({"version", "model_ver"})),
    "prediction": (
        frozenset({"prediction", "y_pred", "predicted_label", "predicted_class"}),
        frozenset({"pred", "y_hat", "yhat", "predicted", "prediction_label", "predicted_value"}),
    ),
    "score": (
        frozenset({"score", "y_pred_proba", "y_score", "y_proba", "predicted_probability"})
        | {"prediction_score", "prediction_probability", "model_score"},
        frozenset({"probability", "proba", "prob", "pred_proba", "predict_proba"}),
    ),
    "label": (
        frozenset({"label", "target", "y_true", "ground_truth", "groundtruth", "true_label"}),
        frozenset({"actual", "actuals", "truth", "outcome", "y", "class"}),
    ),
    "latency_ms": (
        frozenset({"latency_ms", "duration_ms", "response_time_ms", "inference_time_ms"}),
        frozenset({"latency", "latency_s", "latency_seconds", "duration_s", "elapsed_ms"}),
    ),
    "status": (frozenset({"status", "status_code", "http_status"}),),
    "error_type": (frozenset({"error_type", "error_class", "exception"}),),
    "error_message": (frozenset({"error_message"}),),
    "user_id": (
        frozenset({"user_id", "userid"}),
        frozenset({"customer_id", "client_id", "account_id", "subject_id"}),
    ),
    "session_id": (frozenset({"session_id", "sessionid"}),),
    "received_at": (frozenset({"received_at", "ingested_at"}),),
    "sampling_p": (frozenset({"sampling_p", "sampling_probability"}),),
    "group": (frozenset({"query_id", "qid"}),),
    "source": (frozenset({"source", "label_source"}),),
    "queue": (frozenset({"queue", "label_queue"}),),
}
LABEL_ONLY = ("source", "queue", "sampling_p")
INDEX_NAMES = frozenset({"__index_level_0__", "unnamed_0", "unnamed__0", "index"})
ALIASES = {"known_at": "label_time", "id": "prediction_id", "version": "model_version"}
CANONICAL = {"label_time": "known_at", "group": "ranking_group"}
SECONDS = frozenset({"latency_s", "latency_seconds", "duration_s"})

_SCORE_CLASS = re.compile(
    r"^(?:proba|prob|probas|probability|probabilities|score|scores|y_pred_proba|y_proba|y_score)"
    r"[_.](.+)$",
    re.IGNORECASE,
)
_QUANTILE = re.compile(
    r"^(?:prediction|pred|y_pred|y_hat|forecast)_?(?:q|p|quantile_?)_?(\d{1,2})$", re.IGNORECASE
)


def normal_name(name: str) -> str:
    """A name in lower case with underscores: yPredProba, Y-Pred-Proba and y_pred_proba are one."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9_]+", "_", spaced.lower()).strip() or name


def tier_of(role: str, name: str) -> int | None:
    """In which tier of a role the name stands, None if in none."""
    normal = normal_name(name)
    for number, names in enumerate(TIERS[role]):
        if normal in names:
            return number
    return None


def score_class(name: str) -> str | None:
    """The class in a name like proba_cat or score_2, None where there is none."""
    found = _SCORE_CLASS.match(name)
    return found.group(1) if found else None


def quantile_level(name: str) -> str | None:
    """The level in a name like prediction_q10 ("0.1"), None where there is none."""
    found = _QUANTILE.match(name)
    return repr(int(found.group(1)) / 100) if found and 0 < int(found.group(1)) < 100 else None


def parse_mapping(mapping: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, str | None]]:
    """``--map role=column`` pairs as column to (role, class); UsageError on an unknown role."""
    result: dict[str, tuple[str, str | None]] = {}
    for given, column in mapping:
        role, class_name = ALIASES.get(given, given), None
        if given.startswith("score_") and len(given) > 6:
            role, class_name = "score", given[6:]
        if given.startswith("quantile"):
            role, class_name = "quantile", _level(given)
        if role not in ROLES:
            raise UsageError(
                f"There is no role {given!r}.",
                "--map says which role a column plays, as ROLE=COLUMN.",
                f"The roles are: {', '.join(ROLES)}, and score_CLASS for a class's score.",
            )
        if column in result:
            raise UsageError(
                f"The column {column!r} is mapped twice.",
                "A column plays one role.",
                "Leave one of the two --map away.",
            )
        result[column] = (role, class_name)
    return result


def _level(given: str) -> str:
    """The level of ``quantile_0.1``; UsageError where it is none."""
    try:
        level = float(given.removeprefix("quantile_"))
    except ValueError:
        level = 0.0
    if not 0 < level < 1:
        raise UsageError(
            f"{given!r} names no quantile.",
            "A column of quantiles comes with its level, between 0 and 1.",
            "Write --map quantile_0.1=COLUMN --map quantile_0.9=COLUMN.",
        )
    return repr(level)


def stored_name(role: str, column: str, class_name: str | None = None) -> str:
    """The canonical name under which a column is kept.

    Features keep their own name; one that is the name of a canonical column gets a trailing
    underscore.
    """
    if role == "score" and class_name is not None:
        return f"score_{class_name}"
    if role == "quantile" and class_name is not None:
        return f"quantile_{class_name}"
    if role not in ("feature", "segment"):
        return CANONICAL.get(role, role)
    taken = {*RESERVED, "label", "known_at"}
    name = column
    while name.lower() in taken:
        name += "_"
    return name
