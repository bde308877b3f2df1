"""Which rows to label next: one strategy a file, arrays in, chosen rows and their chances out."""
