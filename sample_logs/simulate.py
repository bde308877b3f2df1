"""What people did with the flight predictions, simulated: events and feedback beside the sample logs.

``python -m sample_logs.simulate`` reads the predictions and labels of ``flight-late`` and writes
``events.parquet`` and ``feedback.parquet`` beside them, the same each time. The people are made up
and every row says ``simulated``; the predictions they act on, and the errors they meet, are real.

A planner of one airport sees a prediction some minutes after it was asked for, has a first answer
of his own that is right in seven of ten cases, agrees or lets himself be talked over (the surer the
model, the more often), acts or not, and now and then says what he thinks of it.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
SEED = 20130401
N_SHOWN = 10_500
START, END = datetime(2013, 4, 1), datetime(2014, 1, 1)
STATIONS = {"EWR": 18, "JFK": 15, "LGA": 13}  # planners
ENGAGEMENT = {"EWR": 0.91, "JFK": 0.86, "LGA": 0.68}
HOLD_OUT = 0.12  # decide without seeing the prediction, drawn at random
FIRST_ANSWERS = (datetime(2013, 10, 1), datetime(2013, 12, 1))  # a trial asks for them
LATE_ARRIVAL = 0.01  # events that reach the server up to a day later
SAID = {
    "weather": [
        "There is no weather in this one, how can it know?",
        "Temperature and wind are empty on the card.",
        "Missing weather again. I did not trust it.",
    ],
    "new place": [
        "It has never seen this airport, the number looks like a guess.",
        "Small seasonal airport, always hopeless with these.",
    ],
    "false alarm": [
        "Said late, was on time. The third false alarm this week.",
        "Cried wolf again, the gate was kept open for nothing.",
        "The new version says late far too often.",
    ],
    "shuttle": [
        "The afternoon shuttles out of LaGuardia are a lottery for it.",
        "Always wrong on the US shuttles after three.",
    ],
    "missed": [
        "Said on time and it was late. The connection was lost.",
        "Not a word about the inbound aircraft, which was late already.",
        "We knew it would be late, the crew was still in the air.",
    ],
    "praise": ["Good call.", "Helped, we rebooked in time.", "Right again, thank you.", ""],
}


def read_flights(folder: Path) -> list[dict[str, Any]]:
    """The predictions that may be shown, with their truth where it arrived."""
    columns = (
        "p.prediction_id, p.timestamp, p.model_version, p.prediction, p.score, p.carrier, p.origin,"
        " p.hour, p.dest, p.temp IS NULL AS has_no_weather, l.label, l.known_at"
    )
    found = duckdb.sql(
        f"SELECT {columns} FROM '{folder / 'predictions.parquet'}' p"
        f" LEFT JOIN '{folder / 'labels.parquet'}' l USING (prediction_id)"
        " WHERE p.prediction IS NOT NULL ORDER BY p.timestamp, p.prediction_id"
    )
    names = found.columns
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def known_places(folder: Path) -> set[str]:
    """Destinations that the model learned from."""
    rows = duckdb.sql(f"SELECT DISTINCT dest FROM '{folder / 'reference.parquet'}'").fetchall()
    return {row[0] for row in rows}


class Crew:
    """The planners of each airport: when they join and leave, how easily they are talked over."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.people: dict[str, list[dict[str, Any]]] = {}
        number = 0
        for station, size in STATIONS.items():
            self.people[station] = []
            for i in range(size):
                number += 1
                late = 0 if i < size // 2 else int(rng.integers(7, 150))
                stays = int(rng.exponential(420)) + 14
                self.people[station].append(
                    {
                        "name": f"planner-{number:02d}",
                        "from": START + timedelta(days=late),
                        "to": START + timedelta(days=late + stays),
                        "trust": float(rng.normal(0.0, 0.10)),
                        "pace": float(rng.normal(0.0, 0.35)),
                        "days": set(rng.permutation(7)[:5].tolist()),
                        "weight": float(rng.gamma(2.0)) + 0.2,
                    }
                )

    def pick(self, station: str, moment: datetime, rng: np.random.Generator) -> Any:
        """Who is on duty then; None where nobody is."""
        there = [p for p in self.people[station] if p["from"] <= moment < p["to"]]
        on_duty = [p for p in there if moment.weekday() in p["days"]] or there
        if not on_duty:
            return None
        weights = np.array([p["weight"] for p in on_duty])
        return on_duty[int(rng.choice(len(on_duty), p=weights / weights.sum()))]


def act(flight: dict[str, Any], person: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """What one planner does about one prediction."""
    shown = flight["timestamp"] + timedelta(minutes=float(rng.lognormal(1.6, 0.7)))
    shown = min(shown, flight["timestamp"] + timedelta(minutes=50))
    done: dict[str, Any] = {"shown_at": shown, "arm": "treated"}
    truth = flight["label"] if flight["label"] is not None else str(int(rng.random() < 0.3))
    first = truth if rng.random() < (0.77 if truth == "0" else 0.58) else str(1 - int(truth))
    done["first"] = first
    if rng.random() < HOLD_OUT:
        done |= {"arm": "holdout", "final": first, "decided_at": shown + _pause(person, 60, rng)}
        return done
    sure = max(flight["score"], 1 - flight["score"])
    done["confidence"] = round(float(sure), 4)
    opens = rng.random() < 0.55 - 0.5 * (sure - 0.5)
    if opens:
        done["opened_at"] = shown + timedelta(seconds=float(rng.lognormal(2.0, 0.6)))
    if rng.random() > ENGAGEMENT[flight["origin"]]:
        return done
    yields = 0.30 + 0.75 * (sure - 0.5) + person["trust"]
    yields -= 0.12 if opens else 0.0
    tired = flight["model_version"] == "v2" and flight["prediction"] == "1"
    yields -= 0.18 if tired else 0.0
    agrees = first == flight["prediction"]
    accepts = rng.random() < (0.975 if agrees else min(max(yields, 0.05), 0.95))
    done["final"] = flight["prediction"] if accepts else str(1 - int(flight["prediction"]))
    done["decision"] = "accepted" if accepts else "overridden"
    months = (shown - START).days / 30
    if accepts and not opens and rng.random() < 0.03 + 0.012 * months:
        done["decided_at"] = shown + timedelta(seconds=float(rng.uniform(0.6, 1.9)))
    else:
        begun = done.get("opened_at", shown)
        done["decided_at"] = begun + _pause(person, 24 if accepts else 55, rng)
    return done


def _pause(person: dict[str, Any], median_s: float, rng: np.random.Generator) -> timedelta:
    return timedelta(seconds=2 + median_s * float(np.exp(person["pace"] + rng.normal(0, 0.8))))


def events_of(
    flight: dict[str, Any], person: dict[str, Any], done: dict[str, Any]
) -> list[dict[str, Any]]:
    """The events that an application would have sent."""
    same = {
        "distinct_id": person["name"],
        "prediction_id": flight["prediction_id"],
        "arm": done["arm"],
        "confidence": done.get("confidence"),
    }
    first = done["first"] if FIRST_ANSWERS[0] <= done["shown_at"] < FIRST_ANSWERS[1] else None
    if done["arm"] == "holdout":
        made = {"event": "decision_made", "timestamp": done["decided_at"]}
        return [same | made | {"final_decision": done["final"]}]
    found = [same | {"event": "prediction_shown", "timestamp": done["shown_at"]}]
    if "opened_at" in done:
        found.append(same | {"event": "explanation_opened", "timestamp": done["opened_at"]})
    if "decision" in done:
        answers = {"initial_decision": first, "final_decision": done["final"]}
        name = f"prediction_{done['decision']}"
        found.append(same | {"event": name, "timestamp": done["decided_at"]} | answers)
    return found


def cause_of(flight: dict[str, Any], places: set[str]) -> str:
    """Why the model was wrong about this flight, as far as its row shows."""
    if flight["has_no_weather"] and flight["timestamp"] >= datetime(2013, 12, 31):
        return "weather"
    if flight["dest"] not in places:
        return "new place"
    if flight["origin"] == "LGA" and flight["carrier"] == "US" and 15 <= flight["hour"] <= 18:
        return "shuttle"
    return "false alarm" if flight["prediction"] == "1" else "missed"


def feedback_of(
    flight: dict[str, Any], done: dict[str, Any], places: set[str], rng: np.random.Generator
) -> dict[str, Any] | None:
    """What the planner says once the truth is known; most say nothing."""
    if flight["label"] is None or done["arm"] == "holdout":
        return None
    is_wrong = flight["label"] != flight["prediction"]
    cause = cause_of(flight, places) if is_wrong else "praise"
    odds = {"weather": 0.9, "new place": 0.8, "shuttle": 0.35, "praise": 0.012, "false alarm": 0.13}
    if rng.random() > odds.get(cause, 0.055):
        return None
    said = SAID[cause][int(rng.integers(len(SAID[cause])))]
    wait = timedelta(minutes=float(rng.lognormal(3.5, 1.0)))
    corrects = is_wrong and rng.random() < 0.6
    if flight["known_at"] + wait >= END:
        return None
    return {
        "prediction_id": flight["prediction_id"],
        "key": "helpful",
        "score": 0.0 if is_wrong else 1.0,
        "value": "no" if is_wrong else "yes",
        "correction": flight["label"] if corrects else None,
        "comment": said or None,
        "created_at": flight["known_at"] + wait,
    }


def simulate(folder: Path, seed: int = SEED) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(events, feedback) in the order of their time."""
    rng = np.random.default_rng(seed)
    crew, places = Crew(rng), known_places(folder)
    flights = read_flights(folder)
    events: list[dict[str, Any]] = []
    feedback: list[dict[str, Any]] = []
    is_last_day = [f["timestamp"] >= datetime(2013, 12, 31) for f in flights]
    weight = np.where(is_last_day, 3.0, 1.0)
    chosen = rng.choice(len(flights), N_SHOWN, replace=False, p=weight / weight.sum())
    for i in np.sort(chosen).tolist():
        flight = flights[i]
        person = crew.pick(flight["origin"], flight["timestamp"], rng)
        if person is None:
            continue
        done = act(flight, person, rng)
        events += events_of(flight, person, done)
        said = feedback_of(flight, done, places, rng)
        if said is not None:
            said |= {"user_id": person["name"]}
            sent = {"event": "feedback_sent", "timestamp": said["created_at"], "arm": done["arm"]}
            same = {"distinct_id": person["name"], "prediction_id": flight["prediction_id"]}
            events.append(same | sent)
            feedback.append(said)
    events = [e for e in events if e["timestamp"] < END]
    for event in events:
        event["uuid"] = rng.bytes(16).hex()
        late = rng.random() < LATE_ARRIVAL
        wait = timedelta(hours=float(rng.uniform(1, 24))) if late else timedelta(seconds=1)
        event |= {"received_at": event["timestamp"] + wait, "source": "simulated"}
    for i, item in enumerate(sorted(feedback, key=lambda f: f["created_at"])):
        item |= {"identifier": f"simulated-{i:04d}", "source": "simulated"}
    return sorted(events, key=lambda e: e["timestamp"]), sorted(
        feedback, key=lambda f: f["created_at"]
    )


EVENTS = pa.schema(
    [
        ("uuid", pa.string()),
        ("event", pa.string()),
        ("timestamp", pa.timestamp("ms")),
        ("received_at", pa.timestamp("ms")),
        ("distinct_id", pa.string()),
        ("prediction_id", pa.string()),
        ("initial_decision", pa.string()),
        ("final_decision", pa.string()),
        ("confidence", pa.float64()),
        ("arm", pa.string()),
        ("source", pa.string()),
    ]
)
FEEDBACK = pa.schema(
    [
        ("identifier", pa.string()),
        ("prediction_id", pa.string()),
        ("key", pa.string()),
        ("score", pa.float64()),
        ("value", pa.string()),
        ("correction", pa.string()),
        ("comment", pa.string()),
        ("user_id", pa.string()),
        ("created_at", pa.timestamp("ms")),
        ("source", pa.string()),
    ]
)


def main(target: Path = HERE / "flight-late") -> None:
    """Write both files and say what is in them."""
    events, feedback = simulate(HERE / "flight-late")
    for name, rows, schema in (("events", events, EVENTS), ("feedback", feedback, FEEDBACK)):
        kept = [{column: row.get(column) for column in schema.names} for row in rows]
        file = target / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(kept, schema), file, compression="zstd")
        print(f"{file.name}: {len(kept):,} rows, {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
