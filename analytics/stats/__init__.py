"""Statistics that several rooms share: intervals, multiplicity, decisions."""
