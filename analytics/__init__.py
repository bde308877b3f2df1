"""Logs in, numbers out: no screen, no clock, no network, no global state."""
