"""The only SQL over logs: one function, one question, one statement."""
