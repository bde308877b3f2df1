"""The one list of pages: file, title, group, the right it asks for, and whose menu shows it."""

from __future__ import annotations

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

    ``has_selection`` pages are about a model: the sidebar's pickers stand beside them.
    """

    file: str
    title: str
    group: str
    right: str | None
    who: tuple[str, ...] = EVERYBODY
    icon: str | None = None
    has_selection: bool = True

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
        """Whether the viewer's menu shows it."""
        return self.is_open_to(viewer) and bool(set(self.who) & {viewer.role, *viewer.roles})


PAGES = (
    PageEntry("overview", "Overview", "", "view"),
    PageEntry("performance", "Performance", "Monitor", "view", WATCHERS),
    PageEntry("drift", "Drift", "Monitor", "view", WATCHERS),
    PageEntry("quality", "Data quality", "Monitor", "view", SCIENTISTS),
    PageEntry("serving", "Serving", "Monitor", "view", SCIENTISTS),
    PageEntry("compare", "Compare", "Monitor", "view", WATCHERS),
    PageEntry("explore", "Explore", "Monitor", "explore", SCIENTISTS),
    PageEntry("add_data", "Add data", "Data", "import", SCIENTISTS, has_selection=False),
    PageEntry("account", "Account", "You", None, has_selection=False),
    PageEntry("admin", "Admin", "You", "admin", ("admin",), has_selection=False),
)


def existing_pages() -> tuple[PageEntry, ...]:
    """The pages whose script is there."""
    return tuple(page for page in PAGES if page.path.is_file())
