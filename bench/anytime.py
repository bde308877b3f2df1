"""Alarms looked at every period: `python -m bench.anytime` writes docs/anytime.md.

Histories of 100 periods of 500 rows whose error rate is 10 %. How often does a rule raise an alarm
at any look where nothing changes, and how soon where the rate is higher from the first period on.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from analytics.core import Result, Window
from analytics.monitors.moments import end_of
from analytics.monitors.policy import Monitor
from analytics.monitors.run import run
from analytics.stats.betting import log_detector, log_growth, log_wealth
from analytics.stats.intervals import wilson
from analytics.stats.sequences import Sums, asymptotic_band, bounded_band

PAGE = Path(__file__).resolve().parents[1] / "docs" / "anytime.md"
N, P0, LOOKS, ALPHA = 500, 0.1, 100, 0.05
WORSE = (0.11, 0.12, 0.13, 0.15)
QUIET_RUN, LONGEST = 200.0, 2000
NAIVE = (
    "a test of all rows so far, p < 0.05 at every look",
    "a test of each period, p < 0.05",
    "3 standard deviations of 10 reference periods",
)
BONFERRONI = "Bonferroni over 100 looks (knows when it ends)"
MONITOR = "Telltale: a monitor with the rule promise"
LATE_AT = 51
PROMISE = Monitor("Error rate", "m", "serving", ("error_rate",), every="week", rule="promise",
                  limit=P0, alpha=ALPHA)  # fmt: skip
WEEKS = [
    Window(datetime(2020, 1, 6) + timedelta(weeks=i), datetime(2020, 1, 13) + timedelta(weeks=i))
    for i in range(LOOKS)
]
Alarms = NDArray[np.bool_]
Rule = Callable[[NDArray[np.float64], np.random.Generator], Alarms]


def z_so_far(bad: NDArray[np.float64]) -> NDArray[np.float64]:
    """The z value of all rows so far against the true rate."""
    rows = N * np.arange(1, len(bad) + 1)[:, None]
    rate = np.cumsum(bad, axis=0) / rows
    return np.asarray((rate - P0) / np.sqrt(P0 * (1 - P0) / rows))


def z_of_each(bad: NDArray[np.float64]) -> NDArray[np.float64]:
    """The z value of each period alone."""
    return np.asarray((bad / N - P0) / math.sqrt(P0 * (1 - P0) / N))


def three_sd_of_reference(bad: NDArray[np.float64], rng: np.random.Generator) -> Alarms:
    """Outside the mean plus or minus three standard deviations of ten reference periods."""
    reference = rng.binomial(N, P0, size=(10, bad.shape[1])) / N
    middle, spread = reference.mean(axis=0), reference.std(axis=0)
    return np.asarray(np.abs(bad / N - middle) > 3 * spread)


def sums(bad: NDArray[np.float64]) -> Sums:
    """The periods as rows and sums."""
    return Sums.of(np.full_like(bad, N), bad)


def monitored(bad: NDArray[np.float64]) -> Alarms:
    """The monitor as it is shipped, walked over every history: True from its first alert on."""
    alarms = np.zeros(bad.shape, dtype=bool)
    for i, history in enumerate(bad.T):
        rates = history / N
        half = 1.96 * np.sqrt(rates * (1 - rates) / N)
        results = [
            Result("error_rate", float(rate), N, "ok", week, float(rate - h), float(rate + h))
            for rate, h, week in zip(rates, half, WEEKS, strict=True)
        ]
        fired = [a.fired_at for a in run(PROMISE, results).alerts]
        if fired:
            alarms[[end_of(week) for week in WEEKS].index(fired[0]), i] = True
    return alarms


RULES: dict[str, Rule] = {
    NAIVE[0]: lambda bad, _: z_so_far(bad) > NormalDist().inv_cdf(1 - ALPHA),
    NAIVE[1]: lambda bad, _: z_of_each(bad) > NormalDist().inv_cdf(1 - ALPHA),
    NAIVE[2]: three_sd_of_reference,
    BONFERRONI: lambda bad, _: z_so_far(bad) > NormalDist().inv_cdf(1 - ALPHA / LOOKS),
    MONITOR: lambda bad, _: monitored(bad),
    "Telltale: bets against the promise": lambda bad, _: (
        log_wealth(log_growth(np.full_like(bad, N), bad, P0)) >= math.log(1 / ALPHA)
    ),
    "Telltale: empirical-Bernstein band": lambda bad, _: (
        bounded_band(sums(bad), 2 * ALPHA).low > P0
    ),
    "Telltale: asymptotic band": lambda bad, _: asymptotic_band(sums(bad), 2 * ALPHA).low > P0,
}


def first_alarms(alarms: Alarms) -> NDArray[np.float64]:
    """Periods until the first alarm of each history; infinite where none came."""
    first = alarms.argmax(axis=0) + 1.0
    return np.where(alarms.any(axis=0), first, np.inf)


def draw(rate: float, runs: int, looks: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Errors of each period (first axis) of each history."""
    return rng.binomial(N, rate, size=(looks, runs)).astype(float)


@dataclass(frozen=True, slots=True)
class Line:
    """What a rule did: shares of quiet histories with an alarm, and the first alarms by rate."""

    rule: str
    quiet: float
    firsts: dict[float, NDArray[np.float64]]
    late: NDArray[np.float64]

    def text(self, runs: int) -> str:
        """A row of the table."""
        low, high = wilson(self.quiet, runs)
        cells = [
            f"{np.median(first):.0f} ({np.isfinite(first).mean():.0%})"
            for first in self.firsts.values()
        ]
        found = self.late >= LATE_AT
        delay = np.where(found, self.late - LATE_AT + 1, np.inf)
        late = f"{np.median(delay[found]):.0f} ({np.isfinite(delay).mean():.0%})"
        share = f"{self.quiet:.1%} ({low:.1%} to {high:.1%})"
        return f"| {self.rule} | {share} | {' | '.join(cells)} | {late} |"


def simulate(runs: int) -> list[Line]:
    """Every rule over the same histories."""
    lines = []
    for name, rule in RULES.items():
        rng = np.random.default_rng(20)
        quiet = float(rule(draw(P0, runs, LOOKS, rng), rng).any(axis=0).mean())
        firsts = {rate: first_alarms(rule(draw(rate, runs, LOOKS, rng), rng)) for rate in WORSE}
        bad = draw(P0, runs, LOOKS, rng)
        bad[LATE_AT - 1 :] = draw(WORSE[1], runs, LOOKS - LATE_AT + 1, rng)
        lines.append(Line(name, quiet, firsts, first_alarms(rule(bad, rng))))
    return lines


def broken(lines: list[Line], runs: int) -> list[str]:
    """What does not hold of what the page promises; empty where all does."""
    by = {line.rule: line for line in lines}
    most = ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / runs)
    found = [f"{name} is at {by[name].quiet:.1%}" for name in NAIVE if by[name].quiet < 0.25]
    for line in lines:
        if not line.rule.startswith("Telltale"):
            continue
        if line.quiet > most:
            found.append(f"{line.rule} raises {line.quiet:.1%} false alarms")
    for rate, first in by[MONITOR].firsts.items():
        if np.median(first) > np.median(by[BONFERRONI].firsts[rate]) + 1:
            found.append(f"{MONITOR} is late at {rate:.0%}")
    return found


def run_lengths(runs: int) -> tuple[list[str], list[str]]:
    """One line a detector: mean periods until a false alarm, and after a change at period 1."""
    lines, short = [], []
    for kind in ("e-sr", "e-cusum"):
        rng = np.random.default_rng(21)
        quiet = _first(draw(P0, runs, LONGEST, rng), kind)
        lasted = np.minimum(quiet, LONGEST)
        mean, se = float(lasted.mean()), float(lasted.std(ddof=1) / math.sqrt(runs))
        if mean - 1.96 * se < QUIET_RUN:
            short.append(f"{kind} runs {mean:.0f} periods")
        cells = [f"{_first(draw(r, runs, LOOKS, rng), kind).mean():.1f}" for r in WORSE]
        lines.append(
            f"| {kind} | {QUIET_RUN:.0f} | {mean:.0f} ± {1.96 * se:.0f} | {' | '.join(cells)} |"
        )
    return lines, short


def _first(bad: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    growth = log_growth(np.full_like(bad, N), bad, P0)
    path = log_detector(growth, "e-sr" if kind == "e-sr" else "e-cusum")
    return first_alarms(path >= math.log(QUIET_RUN))


def page(runs: int, detector_runs: int) -> tuple[str, list[str]]:
    """The page of docs/, and what of its promises does not hold."""
    rates = " | ".join(f"{rate:.0%}" for rate in WORSE)
    dashes = "|".join(["---:"] * len(WORSE))
    lines, (lengths, short) = simulate(runs), run_lengths(detector_runs)
    text = "\n".join(
        [
            "# Looking every period",
            "",
            "<!-- Generated by `python -m bench.anytime`; change the script instead. -->",
            "",
            f"{runs:,} histories of {LOOKS} periods of {N} rows with an error rate of {P0:.0%},"
            " looked at after every period. The first column is the share of them in which a rule"
            f" raised an alarm although nothing changed, with its 95 % interval; the promise is"
            f" {ALPHA:.0%}. The others: the median period of the first alarm where the rate is"
            " higher from the first period on, and the share of histories in which it came. Last:"
            f" a rise to {WORSE[1]:.0%} in period {LATE_AT}, periods until the alarm among the"
            " histories that had none before, and the share of all in which it came so.",
            "",
            f"| rule | false alarms | {rates} | late {WORSE[1]:.0%} |",
            f"|---|---:|{dashes}|---:|",
            *(line.text(runs) for line in lines),
            "",
            "The script ends with 1 where a rule of thumb raises fewer than 25 % false alarms, where"
            " one of ours raises more than the promise and two standard errors, or where the monitor"
            " finds a rise later than one period after the rule that knows when it ends.",
            "",
            f"Detectors forget, so they also find what begins late. {detector_runs:,} histories of"
            f" up to {LONGEST:,} periods: how many periods passed until a false alarm (those without"
            f" one count as {LONGEST:,}), and until the alarm after a rise. The quiet run must be at"
            " least what was asked.",
            "",
            f"| detector | asked | quiet run | {rates} |",
            f"|---|---:|---:|{dashes}|",
            *lengths,
            "",
        ]
    )
    return text, [*broken(lines, runs), *short]


def main(arguments: list[str] | None = None) -> int:
    """Simulate, print, write; 1 where a promise does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--detector-runs", type=int, default=400)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    text, wrong = page(options.runs, options.detector_runs)
    options.page.write_text(text, encoding="utf-8")
    print(text, *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
