"""Monitors at work: read from a policy file or the state, asked, and kept."""
