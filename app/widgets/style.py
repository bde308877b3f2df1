"""The few styles that the theme's settings cannot say, and the product's mark."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

SCREEN = Path(__file__).with_name("screen.css")

# Streamlit's own head leaves 80 empty pixels, and lies over the page: only its buttons may take a
# click. Light text on the light blue of the dark theme
# cannot be read.
_EVERYWHERE = """<style>
[data-testid="stHeader"] {background: transparent}
[data-testid="stHeader"], [data-testid="stHeader"] * {pointer-events: none}
[data-testid="stHeader"] :is(button, button *) {pointer-events: auto}
[data-testid="stMainBlockContainer"] {padding-top: 1.25rem}
[data-testid="stSidebarHeader"] {height: 2rem; min-height: 0; margin-bottom: 0; padding-block: .25rem 0}
[data-testid="stBaseButton-primary"], [data-testid="stBaseButton-primaryFormSubmit"],
[data-testid="stBaseButton-primary"] p, [data-testid="stBaseButton-primaryFormSubmit"] p
 {color: light-dark(#FFFFFF, #0D1117)}
[data-testid="stMultiSelectTagsContainer"] [data-tag],
[data-testid="stMultiSelectTagsContainer"] [data-tag] * {color: light-dark(#FFFFFF, #0D1117)}
.telltale-mark {display: flex; align-items: center; gap: .5rem; font-weight: 640}
</style>"""

_DOOR = """<style>
[data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stExpandSidebarButton"]
 {display: none}
[data-testid="stMainBlockContainer"] {padding-top: max(2.5rem, 16vh); max-width: WIDTH}
.telltale-door {text-align: center}
.telltale-door .telltale-mark {justify-content: center; font-size: 30px; letter-spacing: -.01em;
 padding: 0; margin: 0}
.telltale-door .telltale-mark img {width: 36px; height: 36px}
.telltale-door p {margin: .5rem 0 0; font-size: 16px; color: light-dark(#5A6675, #9AA7B5)}
.st-key-door [data-testid="stForm"] {padding: 1.25rem 1.5rem 1.5rem}
.st-key-door [data-testid="stForm"] :is([data-testid="stFormSubmitButton"],
 [data-testid="stFormSubmitButton"] *, .stElementContainer:has([data-testid="stFormSubmitButton"]))
 {width: 100%}
.st-key-door [data-testid="stFormSubmitButton"] button
 {background: light-dark(#0B5CAD, #7CC4FF); border-color: transparent}
.st-key-door [data-testid="stFormSubmitButton"] button p {color: light-dark(#FFFFFF, #0D1117)}
[class*="st-key-person_"] {position: relative; transition: border-color .15s}
[class*="st-key-person_"]:hover {border-color: light-dark(#0B5CAD, #7CC4FF)}
[class*="st-key-person_"] button, [class*="st-key-person_"] button > div
 {justify-content: flex-start; padding-inline: 0}
[class*="st-key-person_"] button p {color: light-dark(#0B5CAD, #7CC4FF)}
[class*="st-key-person_"] button::after {content: ""; position: absolute; inset: 0}
[class*="st-key-person_"] :is(.stElementContainer, .stButton, button) {position: static}
</style>"""


def draw_style() -> None:
    """What every page needs."""
    st.html(_EVERYWHERE)


def draw_screen_style() -> None:
    """What every page behind the sign-in needs besides."""
    st.html(SCREEN)


def draw_door_style(width: str) -> None:
    """What the sign-in page needs besides: everything in the middle, whole cards to click."""
    st.html(_DOOR.replace("WIDTH", width))


def mark(tag: str = "div") -> str:
    """The mark beside the name, as HTML of ours alone."""
    return f'<{tag} class="telltale-mark"><img alt="" src="/auth/mark.svg">Telltale</{tag}>'
