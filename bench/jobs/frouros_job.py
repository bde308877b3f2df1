"""Frouros: Kolmogorov-Smirnov and PSI of every number, chi-squared of every category."""

from frouros.detectors.data_drift import PSI, ChiSquareTest, KSTest
from load import FOLDER, LEVELS, NUMERIC, sides

reference, current = sides(FOLDER)
for column in NUMERIC:
    for test in (KSTest(), PSI()):
        test.fit(X=reference[column].to_numpy())
        test.compare(X=current[column].to_numpy())
for column in LEVELS:
    test = ChiSquareTest()
    test.fit(X=reference[column].to_numpy(str))
    test.compare(X=current[column].to_numpy(str))
