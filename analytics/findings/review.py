"""What a reviewer should know first: what people disagree about, who, and what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from analytics.core import Finding, Verdict
from analytics.stats.intervals import share_estimate
from analytics.words import write_count, write_interval, write_list, write_value


@dataclass(frozen=True, slots=True)
class Round:
    """A round of labelling as it stands: counts of items, and what was said of the disputed ones.

    ``n_twice`` items have answers of two people or more, ``n_split`` of them differing ones.
    ``disputed`` are (item, person, answer). ``people`` are those who are asked.
    """

    n_items: int
    n_done: int
    n_twice: int
    n_split: int
    disputed: Sequence[tuple[int, str, str]] = ()
    n_flagged: int = 0
    n_unsure: int = 0
    n_commented: int = 0
    n_answered: int = 0
    people: Sequence[str] = ()
    overlap: int = 1
    is_number: bool = False  # numbers are rarely equal: how often they differ says nothing


def speak_of_review(seen: Round) -> Finding:
    """The sentence that the page Review opens with; its link's tab is where to go on."""
    n_disputed = len({item for item, _who, _what in seen.disputed})
    done = f"{write_count(seen.n_done)} of {_items(seen.n_items)} {_are(seen.n_done)} done."
    if n_disputed:
        parts = (_what_differs(seen), _how_often(seen), done)
        title = f"{_items(n_disputed)} {_are(n_disputed)} disputed{_between(seen, n_disputed)}"
        return _finding(title, parts, "warning", "Review")
    if seen.n_flagged:
        title = f"{_items(seen.n_flagged)} {_are(seen.n_flagged)} flagged; nobody disagrees"
        return _finding(title, (_marked(seen), _how_often(seen), done), "warning", "Review")
    if not seen.n_items:
        said = "Fill a queue with the rows that are worth a look: uncertain, wrong, or at random."
        return _finding("No row is chosen to be labelled yet", (said,), "undefined", "Set-up")
    if not seen.n_answered:
        who = f" for {write_list(list(seen.people))}" if seen.people else ""
        wait = "waits" if seen.n_items == 1 else "wait"
        said = f"{_items(seen.n_items)} {wait} in the queues{who}."
        return _finding("Nobody has answered yet", (said,), "undefined", "")
    if seen.n_done == seen.n_items:
        title = f"All {_items(seen.n_items)} are settled" if seen.n_items > 1 else "All is settled"
        return _finding(title, (_marked(seen), _how_often(seen)), "ok", "Files")
    return _finding("Nobody disagrees", (_marked(seen), _how_often(seen), done), "ok", "")


def _finding(title: str, parts: Iterable[str], verdict: Verdict, tab: str) -> Finding:
    params = {"tab": tab} if tab else {}
    weight = {"warning": 1.0}.get(verdict, 0.0)
    return Finding(title, " ".join(filter(None, parts)), verdict, weight, "review", params)


def _between(seen: Round, n: int) -> str:
    """Who disagrees most, where one pair of people is in more of it than any other."""
    pairs = Counter(pair for _item, people, _said in _cases(seen) for pair in _pairs(people))
    (first, k), *rest = pairs.most_common(2)
    if rest and rest[0][1] == k:
        return ""
    part = "" if n == 1 else "all " if k == n else f"{write_count(k)} of them "
    return f", {part}between {first[0]} and {first[1]}"


def _what_differs(seen: Round) -> str:
    """Which two answers stand against each other most often."""
    found = Counter(pair for _item, _people, said in _cases(seen) for pair in _pairs(said))
    ((one, other), k), *rest = found.most_common(2)
    if k == 1 or (rest and rest[0][1] == k):
        return ""
    return f"Most often {one} against {other} ({write_count(k)} times)."


def _cases(seen: Round) -> list[tuple[int, list[str], list[str]]]:
    """(item, people, different answers) of each disputed item."""
    items = dict.fromkeys(item for item, _who, _what in seen.disputed)
    return [
        (
            item,
            sorted({who for i, who, _what in seen.disputed if i == item}),
            sorted({what for i, _who, what in seen.disputed if i == item}),
        )
        for item in items
    ]


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    return list(combinations(names, 2))


def _how_often(seen: Round) -> str:
    """The share of items that were answered differently, with its interval; or why there is none."""
    if not seen.n_twice:
        if seen.overlap > 1:
            return "No item has two people's answers yet."
        return "Each item is asked once, so nobody can disagree."
    if seen.is_number:
        return ""
    n = f"{_items(seen.n_twice)} that two people or more answered"
    share = share_estimate(seen.n_split / seen.n_twice, seen.n_twice, seen.n_twice)
    span = write_interval(share.low, share.high, "rate")
    return f"{write_value(share.value, 'rate')} of the {n} got different answers ({span})."


def _marked(seen: Round) -> str:
    """What people marked besides."""
    counts = ((seen.n_unsure, "unsure"), (seen.n_commented, "commented"))
    said = [f"{_items(n)} {_are(n)} {word}" for n, word in counts if n]
    return f"{' and '.join(said)}." if said else ""


def _items(n: int) -> str:
    return f"{write_count(n)} item{'' if n == 1 else 's'}"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"
