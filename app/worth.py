"""What right and wrong predictions are worth: set here, with the right to change a model."""

from __future__ import annotations

from collections.abc import Sequence

from app.auth.viewer import Viewer
from app.state.database import Database
from app.state.models import set_values

Value = tuple[str, str, float]


def set_worth(database: Database, viewer: Viewer, model: str, values: Sequence[Value]) -> None:
    """Replace the model's values by (true class, predicted class, worth), with an audit row.

    AccessDenied without the right to change the model's settings.
    """
    viewer.check("configure", model)
    with database.write(viewer.user) as write:
        set_values(write, model, values)


def parse_values(texts: Sequence[str]) -> list[Value]:
    """Values typed as TRUE,PREDICTED=NUMBER; UsageError says which cannot be read."""
    from analytics.errors import UsageError

    found = []
    for text in texts:
        pair, _, number = text.partition("=")
        truth, _, said = pair.partition(",")
        try:
            found.append((truth.strip(), said.strip(), float(number)))
        except ValueError as error:
            raise UsageError(
                f"{text!r} is no value.",
                "A value belongs to a true and a predicted class.",
                "Write --value TRUE,PREDICTED=NUMBER, such as --value 1,0=-5.",
            ) from error
    return found
