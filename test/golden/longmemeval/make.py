"""Reference numbers for test/evaluate/longmemeval/metrics.test.ts: seeded results, and the benchmark's aggregates of them by NumPy.

Run: python3 -W ignore make.py > expected.json   (numpy 2.4.6)
"""

import json

import numpy as np

TYPES = {
    "single-session-user": 70,
    "single-session-preference": 30,
    "single-session-assistant": 56,
    "multi-session": 133,
    "temporal-reasoning": 133,
    "knowledge-update": 78,
}
rng = np.random.default_rng(7)


def share(labels):
    """As the benchmark prints it: a rounded NumPy mean, in Python's notation."""
    return str(np.round(np.mean(labels), 4)) if labels else "nan"


def printed(questions, labels):
    by_type = {name: [labels[q] for q, t in questions if t == name and q in labels] for name in TYPES}
    means = [np.mean(of_type) for of_type in by_type.values()]
    abstention = [label for q, label in labels.items() if "_abs" in q]
    return {
        "byType": {name: [share(of_type), len(of_type)] for name, of_type in by_type.items()},
        "taskAveraged": str(np.round(np.mean(means), 4)),
        "overall": share(list(labels.values())),
        "abstention": [share(abstention), len(abstention)],
    }


questions = [(f"{name[:3]}{name[-4:]}-{i}" + ("_abs" if i % 17 == 0 else ""), name) for name, n in TYPES.items() for i in range(n)]
cases = []
for keep in (1.0, 0.6, 0.05):
    kept = [q for q, _ in questions if rng.random() < keep]
    labels = {q: int(rng.random() < 0.5) for q in kept}
    missing_as_wrong = {q: labels.get(q, 0) for q, _ in questions}
    cases.append({"labels": labels, "published": printed(questions, labels), "strict": printed(questions, missing_as_wrong)})
# one of 32 right: 0.03125 is a tie at the fourth digit
tie = {q: int(i == 3) for i, (q, _) in enumerate(questions[:32])}
cases.append({"labels": tie, "published": printed(questions, tie), "strict": printed(questions, {q: tie.get(q, 0) for q, _ in questions})})
print(json.dumps({"questions": questions, "cases": cases}))
