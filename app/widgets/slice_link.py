"""From a number about some rows to those rows: links that open a slice, and labelling where it helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analytics.core import Condition
from analytics.query.cells import segment_text
from app.session import KEYS, selection_params
from app.widgets.empty_state import link_to

if TYPE_CHECKING:
    from analytics.core import Dataset

SEGMENT = KEYS["segment"]
OWN_TRUTH = 0.8  # of all rows


def slice_params(segment: str) -> dict[str, str]:
    """What the link of a slice carries: the page's selection, with the slice as its segment."""
    return selection_params(st.query_params.to_dict()) | {SEGMENT: segment}


def link_to_slice(segment: str, label: str = "Open slice") -> bool:
    """A link that opens the slice; nothing where there is no such page."""
    return link_to("slices", label, slice_params(segment))


def link_to_conditions(conditions: Sequence[Condition], label: str = "Open slice") -> bool:
    """A link that opens the slice of some conditions, inside the segment that is chosen now."""
    chosen = st.query_params.get(SEGMENT)
    text = " AND ".join(filter(None, (chosen, segment_text(conditions))))
    return link_to_slice(text, label)


def label_params(segment: str) -> dict[str, str]:
    """What the link to labelling rows of a slice carries."""
    chosen = {KEYS["model"]: st.query_params.get(KEYS["model"], "")}
    return {k: v for k, v in chosen.items() if v} | {"q": "slice", SEGMENT: segment}


def has_own_truth(dataset: Dataset) -> bool:
    """Whether nearly all rows get their label without anybody's work, so that none need be asked for."""
    labels, rows = dataset.log("labels").n_rows, dataset.log("predictions").n_rows
    return rows > 0 and labels >= OWN_TRUTH * rows
