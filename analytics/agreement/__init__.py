"""How far people agree who labelled the same rows, and what to believe where they do not."""
