"""Telltale in a notebook: data frames in, data frames out, no server.

>>> import pandas as pd
>>> from app.notebook import Notebook
>>> now = pd.DataFrame({"label": [1, 0, 1, 1] * 25, "prediction": [1, 0, 0, 1] * 25, "x": range(100)})
>>> then = now.assign(x=range(50, 150), prediction=now.label)
>>> with Notebook.of_frames(now, then, positive="1") as log:
...     print(log.performance(names=("accuracy",))[["name", "value", "n", "verdict"]].values.tolist())
...     print(log.drift(names=("ks",))[["column", "verdict"]].values.tolist())
[['accuracy', 0.75, 100, 'critical']]
[['x', 'critical']]
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.ask import Desk
from app.questions import Asked
from app.settings import read_settings

if TYPE_CHECKING:
    import pandas as pd

    from analytics.compare.comparison import Comparison
    from analytics.core import Result


class Notebook:
    """One model's log, asked in words: a home that is there, or data frames of your own.

    Every question takes what the command line takes: ``window``, ``reference``, ``version``,
    ``segment``, ``every``, ``names``, ``columns``, ``by_version``, ``as_of``.
    """

    def __init__(self, desk: Desk, model: str, folder: Any = None) -> None:
        self.desk, self.model = desk, model
        self._folder = folder

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @classmethod
    def of_home(cls, home: str, model: str) -> Notebook:
        """A model of a home, such as ``.telltale``; it is read as it is now."""
        return cls(Desk(read_settings(home=home)), model)

    @classmethod
    def of_frames(
        cls,
        current: pd.DataFrame,
        reference: pd.DataFrame | None = None,
        *,
        roles: Mapping[str, str] | None = None,
        positive: str | None = None,
    ) -> Notebook:
        """Frames imported into a folder of their own that goes when the notebook is closed.

        ``roles`` maps a role to a column where its name does not say it, as ``--map`` does
        (``{"label": "churned"}``). Columns are recognised as in every import; what is ambiguous
        raises RoleAmbiguous with the answers.
        """
        from app.ingest.frames import write_frame
        from app.ingest.plan import check_open, plan_import
        from app.ingest.run import run_import
        from app.ingest.words import ImportOptions, Place

        folder = tempfile.TemporaryDirectory(prefix="telltale-")
        desk = Desk(read_settings(home=folder.name))
        place = Place(desk.settings.home, desk.database, "notebook")
        for log, frame in (("reference", reference), ("production", current)):
            if frame is None:
                continue
            path = write_frame(frame, Path(folder.name) / f"{log}.parquet")
            options = ImportOptions(
                "notebook",
                kind="predictions",
                log=log,  # type: ignore[arg-type]
                mapping=tuple((roles or {}).items()),
                positive=positive,
            )
            plan = plan_import(place, [path], options)
            check_open(plan)
            run_import(place, plan)
        return cls(desk, "notebook", folder)

    def performance(self, **asked: Any) -> pd.DataFrame:
        """Metrics with intervals and verdicts."""
        return self.table("performance", **asked)

    def drift(self, **asked: Any) -> pd.DataFrame:
        """What changed against the reference, one row a column and test."""
        return self.table("drift", **asked)

    def quality(self, **asked: Any) -> pd.DataFrame:
        """Missing, unseen, out of range, frozen and duplicate rows."""
        return self.table("quality", **asked)

    def serving(self, **asked: Any) -> pd.DataFrame:
        """Latency, errors, throughput and resources."""
        return self.table("serving", **asked)

    def compare(self, **asked: Any) -> Comparison:
        """A candidate beside a baseline, as it is."""
        return self.desk.compare(self.model, Asked(**asked))[1]

    def results(self, question: str, **asked: Any) -> list[Result]:
        """The Results of a question, with everything in their details."""
        return self.desk.ask(question, self.model, Asked(**asked))[2]

    def table(self, question: str, **asked: Any) -> pd.DataFrame:
        """The Results of a question as a data frame."""
        import pandas as pd

        rows = [
            {
                "name": r.name,
                "column": r.column,
                "class": r.detail.get("class"),
                "version": r.version,
                "start": r.window.start,
                "end": r.window.end,
                "value": r.value,
                "low": r.low,
                "high": r.high,
                "interval": r.interval,
                "n": r.n,
                "n_labelled": r.n_labelled,
                "verdict": r.verdict,
                "reason": r.reason,
            }
            for r in self.results(question, **asked)
        ]
        return pd.DataFrame(rows)

    def close(self) -> None:
        """Close the home; a folder of frames goes with it."""
        self.desk.close()
        if self._folder is not None:
            self._folder.cleanup()
