"""The HTTP API, a process of its own: ``python -m app.api``. One file for each kind of log."""
