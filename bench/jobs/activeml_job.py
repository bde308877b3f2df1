"""Rows that scikit-activeml would label: a file of old rows and a pool, the names of strategies."""

import json
import sys
import warnings

import numpy as np
from skactiveml.classifier import SklearnClassifier
from skactiveml.pool import Badge, TypiClust, UncertaintySampling
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.simplefilter("ignore")
given = np.load(sys.argv[1])
n, seed = int(given["n"]), int(given["seed"])
old, pool = given["x"], given["pool"]
x = np.vstack([old, pool])
y = np.append(given["y"].astype(float), np.full(len(pool), np.nan))
model = SklearnClassifier(
    make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
    classes=np.unique(given["y"]),
)
scaled = StandardScaler().fit_transform(x)


def choose(name: str) -> list[int]:
    at = np.arange(len(old), len(x))
    if name == "margin":
        query = UncertaintySampling(method="margin_sampling", random_state=seed)
        rows = query.query(x, y, clf=model, candidates=at, batch_size=n)
    elif name == "badge":
        rows = Badge(random_state=seed).query(scaled, y, clf=model, candidates=at, batch_size=n)
    else:
        rows = TypiClust(random_state=seed).query(scaled, y, candidates=at, batch_size=n)
    return [int(i) - len(old) for i in rows]


print(json.dumps({name: choose(name) for name in sys.argv[2:]}))
