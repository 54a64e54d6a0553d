"""Reference numbers for test/core/statistics.test.ts: clustered data, and what NumPy and SciPy make of it.

Run: python3 make.py > expected.json   (numpy 2.4.6, scipy 1.17.1)
"""

import json

import numpy as np
from scipy import stats

LEVEL = 0.95
rng = np.random.default_rng(20240607)


def judged_answers(clusters=60):
    """Scores 1 to 5 of two judges; answers of one cluster share an effect, so that clustering matters."""
    rows = []
    for cluster in range(clusters):
        effect = rng.normal(3.2, 1.1)
        for _ in range(rng.integers(1, 15)):
            a, b = np.clip(np.rint(effect + rng.normal(0, 0.9, 2)), 1, 5)
            rows.append({"cluster": f"item-{cluster}", "a": int(a), "b": int(b)})
    return rows


def cluster_sums(rows, columns):
    names = list(dict.fromkeys(row["cluster"] for row in rows))
    return [
        np.array([sum(column(row) for row in rows if row["cluster"] == name) for name in names], dtype=float)
        for column in columns
    ]


def interval(sums, statistic):
    """Percentile bootstrap of whole clusters by SciPy."""
    result = stats.bootstrap(
        sums,
        lambda *s, axis: statistic(*(x.sum(axis=axis) for x in s)),
        paired=True,
        vectorized=True,
        n_resamples=100_000,
        batch=5_000,
        confidence_level=LEVEL,
        method="percentile",
        random_state=np.random.default_rng(1),
    )
    return {
        "low": float(result.confidence_interval.low),
        "high": float(result.confidence_interval.high),
        "standardError": float(result.standard_error),
    }


def kappa_by_matrices(a, b):
    """Quadratic-weighted kappa by its definition: observed and expected confusion matrices on the scale 1 to 5."""
    observed = np.zeros((5, 5))
    for x, y in zip(a, b):
        observed[x - 1, y - 1] += 1
    expected = np.outer(observed.sum(1), observed.sum(0)) / observed.sum()
    weights = (np.arange(5)[:, None] - np.arange(5)[None, :]) ** 2 / 16
    return float(1 - (weights * observed).sum() / (weights * expected).sum())


def kappa_by_sums(n, a, b, aa, bb, dd):
    return 1 - dd / n / ((aa + bb) / n - 2 * a * b / n**2)


rows = judged_answers()
a = np.array([row["a"] for row in rows])
b = np.array([row["b"] for row in rows])
one = lambda row: 1
mean_sums = cluster_sums(rows, [one, lambda r: r["a"]])
kappa_sums = cluster_sums(
    rows,
    [one, lambda r: r["a"], lambda r: r["b"], lambda r: r["a"] ** 2, lambda r: r["b"] ** 2, lambda r: (r["a"] - r["b"]) ** 2],
)
probabilities = [0, 0.025, 0.1, 0.25, 0.5, 0.9, 0.975, 1]
values = [float(x) for x in rng.normal(size=23)]

print(
    json.dumps(
        {
            "rows": rows,
            "mean": {"mean": float(a.mean()), **interval(mean_sums, lambda n, s: s / n)},
            "kappa": {"kappa": kappa_by_matrices(a, b), **interval(kappa_sums, kappa_by_sums)},
            "naiveStandardError": float(a.std(ddof=1) / np.sqrt(len(a))),
            "values": values,
            "standardDeviation": float(np.std(values, ddof=1)),
            "quantiles": [[p, float(np.quantile(values, p))] for p in probabilities],
        }
    )
)
