"""Guard callbacks and fragments: the right is asked again at the moment they run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from analytics.errors import AccessDenied
from app.auth.current import current_viewer, require, state
from app.auth.viewer import Viewer

P = ParamSpec("P")
R = TypeVar("R")


def guarded(
    right: str | None = None, model: str | None = None
) -> Callable[[Callable[P, R]], Callable[P, R | None]]:
    """Run the function only for a viewer with the right; else draw why not and return None.

    Under ``@st.fragment``, and on every callback. When the session has ended meanwhile, the whole
    app runs again and shows the sign-in form::

        @st.fragment(run_every=5)
        @guarded("view")
        def live() -> None: ...
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R | None]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R | None:
            try:
                require(right, model)
            except AccessDenied as error:
                _refuse(error)
                return None
            return function(*args, **kwargs)

        return checked

    return wrap


def note_refusal(viewer: Viewer | None, error: AccessDenied) -> None:
    """Write a refusal to the audit trail, once for each browser window and thing refused.

    Who is not signed in leaves no row, or anybody could fill the trail.
    """
    import streamlit as st

    seen = st.session_state.setdefault("_refused", set())
    if viewer is None or error.what in seen:
        return
    seen.add(error.what)
    with state()[0].write(viewer.user) as write:
        write.audit("refused", "right", error.what)


def _refuse(error: AccessDenied) -> None:
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from app.widgets.problem import problem

    viewer = current_viewer()
    note_refusal(viewer, error)
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None and context.fragment_ids_this_run and viewer is None:
        import streamlit as st

        st.rerun(scope="app")
    problem(error)
