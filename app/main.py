"""The Streamlit entry: imports from the repository root, then the frame with the page in it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = str(HERE.parent)
if sys.path[0] != ROOT:  # Streamlit puts app/ first, which would hide the packages
    sys.path[:] = [ROOT, *(p for p in sys.path if p not in (ROOT, str(HERE)))]

import streamlit as st  # noqa: E402

from app.widgets.frame import run_page  # noqa: E402

st.set_page_config(page_title="Telltale", layout="wide")
run_page()
