"""What people say about how a model serves: its promise and what its machines cost; kept with the model."""

from __future__ import annotations

import json
from collections.abc import Mapping

from analytics.errors import NameUnknown
from app.state.database import Write
from app.state.models import find_model, model_table

KEY = "serving"  # among the model's settings of the screen


def save_terms(write: Write, name: str, terms: Mapping[str, float | str | None]) -> None:
    """Keep these with the model in place of the ones before; NameUnknown where there is no model."""
    found = find_model(write.connection, name)
    if found is None:
        raise NameUnknown(f"There is no model {name!r}.", "", "List them with `telltale models`.")
    said = {key: value for key, value in terms.items() if value is not None}
    if found.display.get(KEY, {}) == said:
        return
    stored = {
        "display": json.dumps({**found.display, KEY: said}),
        "updated_at": write.database.clock(),
    }
    write.execute(model_table.update().where(model_table.c.name == name).values(**stored))
    write.audit("change", "model", name, serving=said)
