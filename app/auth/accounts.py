"""What people do with accounts; each verb asks for the right itself, whoever calls it."""

from __future__ import annotations

from analytics.errors import AccessDenied, UsageError
from app.auth.passwords import check_policy, hash_password, is_password, one_time_password
from app.auth.rights import check_role
from app.auth.viewer import Viewer
from app.settings import Settings
from app.state.database import Database, Write
from app.state.grants import Grant, add_grant, count_admins, remove_grant
from app.state.models import find_model
from app.state.sessions import revoke_session, revoke_sessions
from app.state.throttle import begin_attempt, forget_failures
from app.state.users import add_user, clean_name, get_user, password_hash, set_active, set_password


def create_account(
    database: Database, viewer: Viewer, name: str, role: str, display_name: str = ""
) -> str:
    """Create a user without grants; the one-time password to hand over."""
    viewer.check("admin")
    check_role(role)
    clean_name(name)
    password = one_time_password()
    hashed = hash_password(password)
    with database.write(viewer.user) as write:
        add_user(write, name, role, hashed, display_name=display_name, must_change_password=True)
    return password


def reset_password(database: Database, viewer: Viewer, name: str) -> str:
    """A new one-time password; every session of the user ends."""
    viewer.check("admin")
    password = one_time_password()
    hashed = hash_password(password)
    with database.write(viewer.user) as write:
        user = get_user(write.connection, name)
        if user.is_demo:
            raise UsageError(f"{name} is a demo user.", "Demo users have no password.")
        set_password(write, user, hashed, must_change=True)
        revoke_sessions(write, user)
    return password


def set_account_active(database: Database, viewer: Viewer, name: str, is_active: bool) -> None:
    """Open or close an account; closing ends its sessions. The last admin stays."""
    viewer.check("admin")
    with database.write(viewer.user) as write:
        user = get_user(write.connection, name)
        set_active(write, user, is_active)
        if not is_active:
            revoke_sessions(write, user)
        _keep_an_admin(write)


def give_grant(database: Database, viewer: Viewer, name: str, grant: Grant) -> None:
    """Give a user a role on a model that exists, or on every model."""
    viewer.check("admin")
    check_role(grant.role)
    if grant.role == "admin" and grant.model != "*":
        raise UsageError(
            "An admin is one for every model.", "Users and grants are not about one model.", ""
        )
    with database.write(viewer.user) as write:
        if grant.model != "*" and find_model(write.connection, grant.model) is None:
            raise UsageError(f"There is no model {grant.model!r}.", "", "Import its log first.")
        add_grant(write, get_user(write.connection, name), grant)


def take_grant(database: Database, viewer: Viewer, name: str, grant: Grant) -> None:
    """Take a role on a model away; it counts from the user's next click. The last admin stays."""
    viewer.check("admin")
    with database.write(viewer.user) as write:
        remove_grant(write, get_user(write.connection, name), grant)
        _keep_an_admin(write)


def change_own_password(
    database: Database, settings: Settings, viewer: Viewer, old: str, new: str
) -> None:
    """Change the viewer's password; their other sessions end."""
    if viewer.is_demo:
        raise UsageError("Demo users have no password.", "", "Sign in with one click.")
    attempts, window_s = settings.number("login_attempts"), settings.number("login_window_s")
    if begin_attempt(database, viewer.user, "own password", attempts, window_s) is not None:
        raise AccessDenied("Too many wrong passwords.", "", "Wait some minutes and try again.")
    with database.read() as connection:
        hashed = password_hash(connection, viewer.user)
    if not is_password(old, hashed):
        raise AccessDenied("The present password is wrong.", "", "Type it again.")
    forget_failures(database, viewer.user, "own password")
    check_policy(new, viewer.user)
    if new == old:
        raise UsageError("The new password is the old one.", "", "Choose another.")
    hashed = hash_password(new)
    with database.write(viewer.user) as write:
        user = get_user(write.connection, viewer.user)
        set_password(write, user, hashed)
        revoke_sessions(write, user, except_id=viewer.session_id)


def end_session(database: Database, viewer: Viewer, session_id: int) -> bool:
    """End one of the viewer's own sessions; False where it is not theirs or over already."""
    with database.write(viewer.user) as write:
        return revoke_session(write, get_user(write.connection, viewer.user), session_id)


def end_all_sessions(database: Database, viewer: Viewer) -> int:
    """Sign the viewer out everywhere, here too."""
    with database.write(viewer.user) as write:
        return revoke_sessions(write, get_user(write.connection, viewer.user))


def _keep_an_admin(write: Write) -> None:
    if count_admins(write.connection) == 0:
        raise UsageError(
            "This would leave nobody to manage users.",
            "The last active admin can neither be closed nor lose the grant.",
            "Make somebody else admin first.",
        )
