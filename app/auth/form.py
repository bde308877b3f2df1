"""streamlit-authenticator's sign-in form over our own user table, throttle and sessions.

As shipped, its cookie is readable by scripts and still works after logout. So ``Authenticate`` is
kept for what it draws, and both of its controllers are ours. These seams are private to the
package: its version is pinned exactly, and a test drives the form.
"""

from __future__ import annotations

from typing import Any

from streamlit_authenticator.views.authentication_view import Authenticate

from analytics.errors import AccessDenied
from app.auth.current import client_address, state
from app.auth.sign_in import sign_in


class NoCookie:
    """The cookie is set by ``POST /auth/session``, where it can be HttpOnly; scripts never see it."""

    def get_cookie(self) -> None:
        """No token that the form could sign in with."""

    def set_cookie(self) -> None:
        """The browser exchanges the ticket instead."""

    def delete_cookie(self) -> None:
        """``POST /auth/logout`` does it."""


class OwnUsers:
    """Checks name and password in the state database; keeps the ticket or the refusal."""

    def __init__(self) -> None:
        self.ticket: str | None = None
        self.refusal: AccessDenied | None = None

    def login(self, username: str = "", password: str = "", *_more: Any, **_named: Any) -> bool:
        """What the form calls when it is sent."""
        database, settings = state()
        try:
            self.ticket = sign_in(database, settings, username, password, client_address())
        except AccessDenied as error:
            self.refusal = error
        return self.ticket is not None


class SignInForm(Authenticate):  # type: ignore[misc]
    """The form; after drawing, ``ticket`` or ``refusal`` says what happened."""

    def __init__(self) -> None:
        self.path = None
        self.attrs = {"login_sleep_time": 0}
        self.cookie_controller = NoCookie()
        self.authentication_controller = OwnUsers()

    def draw(self) -> OwnUsers:
        """Draw the form and, if it was sent, sign in."""
        fields = {
            "Form name": "Sign in",
            "Username": "User name",
            "Password": "Password",
            "Login": "Sign in",
        }
        self.login(fields=fields, key="sign_in")
        return self.authentication_controller
