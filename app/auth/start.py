"""Make a home ready to serve: tables, and either the demo's people or the first admin, once."""

from __future__ import annotations

from app.auth.demo import create_demo_users
from app.auth.passwords import check_policy, hash_password, one_time_password
from app.settings import Settings
from app.state.database import Database, open_database
from app.state.grants import EVERY_MODEL, Grant, add_grant
from app.state.migrations import migrate
from app.state.users import add_user, user_table


def prepare(settings: Settings) -> str | None:
    """Bring the state up to date; the first admin's one-time password when one was made.

    Safe to call at every start and from several processes at once.
    """
    database = open_database(settings.database_url, settings.home)
    migrate(database)
    if settings.flag("demo"):
        from app.labelling.demo import make_demo_project

        create_demo_users(database)
        make_demo_project(settings, database)
        return None
    return create_first_admin(database, settings)


def create_first_admin(database: Database, settings: Settings) -> str | None:
    """Create the admin where there are no users yet; the password to print, None if none is due."""
    if _has_people(database):
        return None
    given = settings.text("admin_password")
    if given:
        check_policy(given, settings.text("admin_name"))
    password = given or one_time_password()
    hashed = hash_password(password)
    with database.write("first start") as write:
        if write.execute(user_table.select().where(~user_table.c.is_demo)).first() is not None:
            return None
        user = add_user(
            write,
            settings.text("admin_name"),
            "admin",
            hashed,
            display_name="Administrator",
            must_change_password=not given,
        )
        add_grant(write, user, Grant("admin", EVERY_MODEL))
    return None if given else password


def _has_people(database: Database) -> bool:
    with database.read() as connection:
        query = user_table.select().where(~user_table.c.is_demo)
        return connection.execute(query).first() is not None
