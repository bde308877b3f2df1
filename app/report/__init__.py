"""Reports: a page, or a whole model, as one HTML file that opens without a network."""
