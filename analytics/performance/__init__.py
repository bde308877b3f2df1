"""How well a model does: one metric a file, found by the catalog."""
