"""The figures of the README, computed from the logs in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pandas as pd

NEW_YORK = "America/New_York"


def of_flights(folder: Path) -> list[str]:
    """A line for each figure that the README tells about the two flight models."""
    late, minutes = (_read(folder / name) for name in ("flight-late", "flight-delay"))
    held_out, asked = late
    errors = int((asked["status"] == "error").sum())
    waits = (asked["known_at"] - asked["timestamp"]).dt.total_seconds() / 3_600
    versions = asked["model_version"].value_counts()
    return [
        f"{len(asked):,} requests, {versions['v1']:,} to v1 and {versions['v2']:,} to v2;"
        f" {held_out['score'].notna().sum():,} reference flights scored; {errors} errors",
        f"{asked['label'].notna().sum():,} labels ({asked['label'].notna().mean() * 100:.1f} % of requests,"
        f" median {waits.median():.1f} hours after asking)",
        f"latency: median {asked['latency_ms'].median():.1f} ms,"
        f" 99th percentile {asked['latency_ms'].quantile(0.99):.1f} ms",
        f"AUC on the reference {_auc(held_out):.3f}",
        "mean absolute error "
        + " and ".join(f"{_error(rows):.1f}" for rows in minutes)
        + " minutes (reference, production)",
        *to_be_found(held_out, asked),
        "",
        "| version | month | labelled | AUC | accuracy | late | expected late |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *by_month(asked),
    ]


def to_be_found(held_out: pd.DataFrame, asked: pd.DataFrame) -> list[str]:
    """Drift that does no harm, missing weather, unseen places and the weak slice, each with its rows."""
    there = _departs(asked)
    summer = asked[there.dt.month.between(6, 8)]
    last_day = asked[(there.dt.month == 12) & (there.dt.day == 31)]
    v1 = summer[(summer["model_version"] == "v1") & summer["label"].notna()]
    unseen = asked.loc[~asked["dest"].isin(held_out["dest"].unique()), "dest"].value_counts()
    is_weak = (asked["origin"] == "LGA") & (asked["carrier"] == "US")
    is_weak &= asked["hour"].between(15, 18)
    known = asked["label"].notna() & asked["score"].notna()
    parts = [asked[known & where] for where in (is_weak, ~is_weak)]
    return [
        f"mean {summer['temp'].mean():.0f} °F in June to August,"
        f" {held_out['temp'].mean():.0f} °F in the reference; AUC of v1 then {_auc(v1):.3f}",
        f"31 December: of {len(last_day)} flights {last_day['temp'].notna().sum()} have a temperature",
        f"{len(unseen)} destinations that the reference never saw: "
        + ", ".join(f"{dest} ({n})" for dest, n in unseen.items()),
        "US Airways out of LaGuardia in the late afternoon: AUC "
        + ", the rest ".join(
            f"{_auc(rows):.3f} (accuracy {(rows['prediction'] == rows['label']).mean():.3f},"
            f" {len(rows):,} flights)"
            for rows in parts
        ),
    ]


def by_month(asked: pd.DataFrame) -> list[str]:
    """A row of the README's table a version and month of departure in New York."""
    known = asked[asked["label"].notna() & asked["score"].notna()]
    departs = _departs(known)
    month = departs.dt.month
    lines = []
    for (version, _), rows in known.groupby([known["model_version"], month]):
        is_right = (rows["prediction"] == rows["label"]).mean()
        late = (rows["label"] == "1").mean()
        name = departs[rows.index[0]].month_name()
        lines.append(
            f"| {version} | {name} | {len(rows):,} | {_auc(rows):.3f} | {is_right:.3f}"
            f" | {late * 100:.1f} % | {rows['score'].mean() * 100:.1f} % |"
        )
    return lines


def _read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The reference, and the predictions with their labels where they arrived."""
    asked = pd.read_parquet(folder / "predictions.parquet")
    labels = pd.read_parquet(folder / "labels.parquet")
    joined = asked.merge(labels, on="prediction_id", how="left")
    return pd.read_parquet(folder / "reference.parquet"), joined


def _departs(asked: pd.DataFrame) -> pd.Series:
    """The moment of departure on New York's clock."""
    utc = (asked["timestamp"] + pd.Timedelta(hours=1)).dt.tz_localize("UTC")
    return cast("pd.Series", utc.dt.tz_convert(NEW_YORK))


def _auc(rows: pd.DataFrame) -> float:
    from sklearn.metrics import roc_auc_score

    scored = rows[rows["score"].notna()]
    return float(roc_auc_score(scored["label"] == "1", scored["score"]))


def _error(rows: pd.DataFrame) -> float:
    return float((rows["prediction"] - rows["label"]).abs().mean())
