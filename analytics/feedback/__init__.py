"""What users said of predictions, as numbers: how much there is, and how much of it is negative."""
