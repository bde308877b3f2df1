"""Numbers from few labels: unbiased estimates of rows drawn with known chances, and plans of how many."""
