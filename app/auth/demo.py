"""The people of the demo: one click each, only on this machine, only in the demo."""

from __future__ import annotations

from dataclasses import dataclass

from app.state.database import Database
from app.state.grants import EVERY_MODEL, Grant, add_grant
from app.state.models import list_models
from app.state.users import NO_PASSWORD, add_user, find_user


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A person to try the product as."""

    name: str
    display_name: str
    role: str
    does: str


DEMO_USERS = (
    DemoUser(
        "scientist",
        "Data scientist",
        "data_scientist",
        "Finds out what changed, whether it matters and why; adds data, exports, sets thresholds.",
    ),
    DemoUser(
        "product-owner",
        "Product owner",
        "product_owner",
        "Sees at a glance whether the models still do their job, and what to decide next.",
    ),
    DemoUser(
        "annotator",
        "Annotator",
        "annotator",
        "Tells right from wrong for the predictions that are worth a second look.",
    ),
)


def create_demo_users(database: Database) -> None:
    """Make the demo users and grant them the sample models; doing it twice changes nothing.

    The data scientist also sees models that are imported into the demo later.
    """
    samples = [model.name for model in list_models(database) if model.is_sample]
    with database.write("demo") as write:
        for demo in DEMO_USERS:
            user = find_user(write.connection, demo.name) or add_user(
                write,
                demo.name,
                demo.role,
                NO_PASSWORD,
                display_name=demo.display_name,
            )
            if not user.is_demo:
                continue
            everything = demo.role == "data_scientist"
            for model in [EVERY_MODEL] if everything else samples:
                add_grant(write, user, Grant(demo.role, model))
