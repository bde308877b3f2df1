"""Labelling as people do it: projects, queues, claims, answers, review, export.

Every verb takes the database and the viewer, asks for the right itself, and writes its audit row
with what it does. ``label``: own answers; ``review``: settle, export; ``review`` or ``configure``:
set up.
"""
