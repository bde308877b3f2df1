"""Statistics that several rooms share: intervals, ranking, calibration, multiplicity, decisions."""
