"""Feedback from the side of those who look after it: each verb asks for the right itself."""
