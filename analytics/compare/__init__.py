"""Two models on the same rows: paired differences, one method a file."""
