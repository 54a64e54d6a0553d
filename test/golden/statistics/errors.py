"""Writes errors.json: quantiles of Student's t and of the studentized range, cluster-robust errors and Wilson's interval, by SciPy and statsmodels.

python3 errors.py > errors.json   (scipy, statsmodels, numpy)
"""
import json
import numpy as np
from scipy import stats
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(11)
student = [[df, p, float(stats.t.ppf(p, df))] for df in (1, 2, 3, 4.5, 7.3, 19, 39, 499) for p in (0.6, 0.95, 0.975, 0.9995, 0.02)]
ranges = [[k, df, float(stats.studentized_range.ppf(0.95, k, df) / np.sqrt(2))] for k in (3, 7) for df in (4, 12, 60)]
clusters = np.repeat(np.arange(25), rng.integers(2, 9, 25))
values = np.round(rng.normal(size=25)[clusters] + rng.normal(size=len(clusters)), 3)
fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": True}, use_t=True)
rows = [{"cluster": str(c), "value": float(v)} for c, v in zip(clusters, values)]
low = float(fit.params[0] - stats.t.ppf(0.95, 24) * fit.bse[0])
wilson = [[k, n, *map(float, proportion_confint(k, n, method="wilson"))] for k, n in ((3, 400), (398, 400), (60, 150))]
print(json.dumps({"student": student, "ranges": ranges, "clustered": {"rows": rows, "mean": float(fit.params[0]), "error": float(fit.bse[0]), "low95": low}, "wilson": wilson}))
