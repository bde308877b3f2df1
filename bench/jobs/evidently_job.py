"""Evidently's drift preset: its defaults, or Kolmogorov-Smirnov and chi-squared (`tests`)."""

import sys

from evidently import Report
from evidently.presets import DataDriftPreset
from load import FOLDER, sides

reference, current = sides(FOLDER)
named = {"num_method": "ks", "cat_method": "chisquare"} if "tests" in sys.argv else {}
Report([DataDriftPreset(**named)]).run(current, reference).dict()
