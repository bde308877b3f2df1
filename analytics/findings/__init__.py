"""What a person would say about Results: findings, and the sentence that a page opens with."""

from analytics.findings.find import find, judge_together
from analytics.findings.levels import with_level
from analytics.findings.people import speak_of_people
from analytics.findings.slices import (
    say_conditions,
    say_cost,
    say_gap,
    speak_of_slice,
    speak_of_slices,
)
from analytics.findings.speak import (
    calm,
    choose,
    cut_at_end,
    find_contrast,
    speak,
    speak_of_drift,
    write_since,
)

__all__ = [
    "calm",
    "choose",
    "cut_at_end",
    "find",
    "find_contrast",
    "judge_together",
    "say_conditions",
    "say_cost",
    "say_gap",
    "speak",
    "speak_of_drift",
    "speak_of_people",
    "speak_of_slice",
    "speak_of_slices",
    "with_level",
    "write_since",
]
