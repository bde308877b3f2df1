"""Slices where a model does worse than elsewhere: the search, which never sees a connection."""
