"""NannyML's univariate drift by day: KS and JS of numbers, chi-squared and JS of categories."""

import warnings

from load import FOLDER, LEVELS, NUMERIC, sides

warnings.simplefilter("ignore")
import nannyml  # noqa: E402

reference, current = sides(FOLDER, ("timestamp",))
calculator = nannyml.UnivariateDriftCalculator(
    column_names=[*NUMERIC, *LEVELS],
    treat_as_categorical=LEVELS,
    timestamp_column_name="timestamp",
    chunk_period="D",
    continuous_methods=["kolmogorov_smirnov", "jensen_shannon"],
    categorical_methods=["chi2", "jensen_shannon"],
)
calculator.fit(reference).calculate(current).to_df()
