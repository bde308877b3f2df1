"""Summaries of immutable parts: counted once, added on reading, each answer with its bound."""
