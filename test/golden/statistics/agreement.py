"""Writes agreement.json: quadratic-weighted kappa by scikit-learn, and the non-inferiority bound of a paired, clustered difference by statsmodels, on the rows of expected.json.

Run: python3 agreement.py > agreement.json   (scikit-learn 1.9.1, statsmodels 0.15.0, scipy 1.17.1, numpy 2.4.6)
"""
import json
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import cohen_kappa_score

rows = json.loads((Path(__file__).parent / "expected.json").read_text())["rows"]
a, b = (np.array([row[judge] for row in rows]) for judge in "ab")
clusters = np.array([row["cluster"] for row in rows])
names, groups = np.unique(clusters, return_inverse=True)
fit = sm.OLS(a - b, np.ones(len(a))).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}, use_t=True)
difference, error = float(fit.params[0]), float(fit.bse[0])
print(
    json.dumps(
        {
            "kappa": float(cohen_kappa_score(a, b, weights="quadratic", labels=[1, 2, 3, 4, 5])),
            "difference": difference,
            "error": error,
            # The loss that is excluded one-sided at 95 %: difference − t(0.95; clusters − 1) · error.
            "bound": difference - float(stats.t.ppf(0.95, len(names) - 1)) * error,
        }
    )
)
