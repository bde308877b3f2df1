"""Whether one piece of feedback is negative."""

from __future__ import annotations

NEUTRAL = 0.5
LOWEST, HIGHEST = -1.0, 1.0


def is_negative(score: float | None, has_correction: bool) -> bool | None:
    """Whether a user was dissatisfied; None where they did not say.

    A score runs up to 1, and below one half it is negative: thumbs as 1 and 0 or 1 and -1, stars
    as ``(stars - 1) / 4``. Without a score, who gives another answer says that this one is wrong.

    >>> is_negative(-1.0, False), is_negative(0.75, False), is_negative(None, True)
    (True, False, True)
    >>> is_negative(None, False) is None
    True
    """
    if score is not None:
        return score < NEUTRAL
    return True if has_correction else None
