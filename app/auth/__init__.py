"""Who may do what: ``require`` the viewer, ``guarded`` callbacks and fragments, frozen ``Viewer``."""

from __future__ import annotations

from analytics.errors import AccessDenied
from app.auth.current import current_viewer, require
from app.auth.guard import guarded
from app.auth.viewer import Viewer, operator

__all__ = ["AccessDenied", "Viewer", "current_viewer", "guarded", "operator", "require"]
