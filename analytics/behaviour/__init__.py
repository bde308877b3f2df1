"""How people act on predictions: one number a file, from counts of acts."""
