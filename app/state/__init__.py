"""The SQL state: users, sessions, grants, models, parts, jobs, audit. One file of verbs a family."""
