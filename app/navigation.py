"""The one list of pages: file, title, group, the right it asks for, and whose menu shows it.

Restraint: a scientist's menu has ten lines, a product owner's six, an annotator's two; the rest waits
behind "More". Whoever has the right may open a page by its link, whatever the menu shows.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.auth.viewer import Viewer
from app.session import KEYS

PAGES_FOLDER = Path(__file__).resolve().parent.parent / "pages"
EVERYBODY = ("viewer", "annotator", "product_owner", "data_scientist", "admin")
WATCHERS = ("viewer", "product_owner", "data_scientist", "admin")
SCIENTISTS = ("data_scientist", "admin")


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page. ``right`` is asked on opening it; ``who`` only decides whose menu shows it.

    ``more`` are those whose menu has it behind "More". ``has_selection`` pages are about a model: the sidebar's pickers stand beside them.
    """

    file: str
    title: str
    group: str
    right: str | None
    who: tuple[str, ...] = EVERYBODY
    icon: str | None = None
    has_selection: bool = True
    more: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the script stands."""
        return PAGES_FOLDER / f"{self.file}.py"

    def model_of(self, params: Mapping[str, str]) -> str | None:
        """The model that a link to this page names, if it is about one."""
        return params.get(KEYS["model"]) if self.has_selection else None

    def is_open_to(self, viewer: Viewer) -> bool:
        """Whether the viewer may open the page at all."""
        return self.right is None or viewer.may(self.right)

    def is_in_menu(self, viewer: Viewer) -> bool:
        """Whether the viewer's menu shows it at once."""
        return self.is_open_to(viewer) and bool(set(self.who) & {viewer.role, *viewer.roles})

    def is_behind_more(self, viewer: Viewer) -> bool:
        """Whether the viewer's menu has it behind "More"."""
        wanted = bool(set(self.more) & {viewer.role, *viewer.roles})
        return wanted and self.is_open_to(viewer) and not self.is_in_menu(viewer)


PAGES = (
    PageEntry("overview", "Overview", "", "view"),
    PageEntry("incidents", "Incidents", "Monitor", "view", WATCHERS),
    PageEntry("monitors", "Monitors", "Monitor", "view", (), more=SCIENTISTS),
    PageEntry("replay", "Replay", "Monitor", "view", (), more=("product_owner", *SCIENTISTS)),
    PageEntry("performance", "Performance", "Monitor", "view", WATCHERS),
    PageEntry("drift", "Drift", "Monitor", "view", WATCHERS),
    PageEntry("quality", "Data quality", "Monitor", "view", SCIENTISTS),
    PageEntry("slices", "Slices", "Monitor", "explore", SCIENTISTS),
    PageEntry("why", "Why", "Monitor", "explore", SCIENTISTS),
    PageEntry("serving", "Serving", "Monitor", "view", (), more=SCIENTISTS),
    PageEntry(
        "compare", "Compare", "Monitor", "view", ("viewer",), more=("product_owner", *SCIENTISTS)
    ),
    PageEntry("explore", "Explore", "Monitor", "explore", SCIENTISTS),
    PageEntry("label", "Label", "Improve", "label", ("annotator",), more=SCIENTISTS),
    PageEntry("review", "Review", "Improve", "review", SCIENTISTS),
    PageEntry("feedback", "Feedback", "People", "feedback", ("product_owner", *SCIENTISTS)),
    PageEntry("behaviour", "Behaviour", "People", "view", ("product_owner",), more=SCIENTISTS),
    PageEntry("add_data", "Add data", "Data", "import", (), has_selection=False, more=SCIENTISTS),
    PageEntry("set_aside", "Set aside", "Data", "import", (), has_selection=False, more=SCIENTISTS),
    PageEntry("account", "Account", "You", None, (), has_selection=False),
    PageEntry("admin", "Admin", "You", "admin", ("admin",), has_selection=False),
)


def existing_pages() -> tuple[PageEntry, ...]:
    """The pages whose script is there."""
    return _existing(PAGES_FOLDER)


@functools.lru_cache(maxsize=2)
def _existing(_folder: Path) -> tuple[PageEntry, ...]:
    """Looked for once: every page asks, several times."""
    return tuple(page for page in PAGES if page.path.is_file())
