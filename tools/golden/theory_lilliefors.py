"""The law of Lilliefors' statistic by simulation, for crates/theory/src/check/normality.rs and its test.

    python tools/golden/theory_lilliefors.py table     the table LAW of src/check/normality.rs: 10^6 samples of n = 1000
    python tools/golden/theory_lilliefors.py golden > crates/theory/tests/golden/lilliefors.tsv

A golden row is `n  probability  D  error`: D is exceeded with that probability (seeds apart from the table's), and error
is the standard error of the probability. The last rows are given samples with D from scipy's one-sample test against the
fitted normal: `sample  D  x_1 ... x_n`.
"""
import sys

import numpy as np
from scipy import special, stats

TABLE = [0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 1e-4]
SIZES = {5: 400_000, 10: 400_000, 20: 400_000, 50: 200_000, 100: 200_000, 1000: 40_000, 10_000: 10_000}


def statistics(n, count, seed):
    rng = np.random.default_rng(seed)
    found = []
    block = max(1, 1_000_000 // n)
    step = np.arange(n)
    for start in range(0, count, block):
        x = np.sort(rng.standard_normal((min(block, count - start), n)), axis=1)
        z = (x - x.mean(1, keepdims=True)) / x.std(1, ddof=1, keepdims=True)
        f = special.ndtr(z)
        found.append(np.maximum((f - step / n).max(1), ((step + 1) / n - f).max(1)))
    return np.concatenate(found)


def stephens(n):
    return np.sqrt(n) - 0.01 + 0.85 / np.sqrt(n)


def table():
    d = stephens(1000) * statistics(1000, 1_000_000, 1)
    for p in TABLE:
        print(f"    ({np.quantile(d, 1 - p):.4f}, {p:g}),")


def golden():
    print("# n probability D error; sample D x...  (python tools/golden/theory_lilliefors.py golden)")
    for n, count in SIZES.items():
        d = statistics(n, count, 1000 + n)
        for p in [0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001]:
            print(n, p, f"{np.quantile(d, 1 - p):.6g}", f"{np.sqrt(p * (1 - p) / count):.2g}", sep="\t")
    rng = np.random.default_rng(7)
    for x in [rng.standard_normal(12), rng.exponential(2.0, 9) - 1, np.round(rng.standard_normal(15), 0), rng.random(6) * 1e-9]:
        x = [float(f"{v:.6g}") for v in x]
        d = stats.kstest(x, "norm", args=(np.mean(x), np.std(x, ddof=1))).statistic
        print("sample", repr(float(d)), *x, sep="\t")


if __name__ == "__main__":
    {"table": table, "golden": golden}[sys.argv[1]]()
