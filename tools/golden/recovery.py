"""Goldens of crates/recovery/tests/integration: a small problem solved by others.

    python tools/golden/recovery.py > crates/recovery/tests/golden/problems.json      (pip install numpy scipy scikit-learn mpmath)

Problems: A of 12 x 30 independent normal entries, x >= 0 with few non-zeros, y = A x.
  omp      scikit-learn's orthogonal_mp on columns of norm 1, with 6 features (any sign)
  lasso    scikit-learn's Lasso(positive=True, fit_intercept=False) with lambda = 0.1 max(A^T y), to 1e-14
  l1       scipy's linprog (HiGHS): min sum x over A x = y, x >= 0; y from a dense x, so that the optimum is not x
Losses of l1 in the limit: alpha and tau from the two equations of state evolution, solved by mpmath.
Nothing is shared with the Rust code.
"""
import json
import warnings

import mpmath as mp
import numpy as np
from scipy.optimize import linprog
from sklearn.linear_model import Lasso, orthogonal_mp

warnings.simplefilter("ignore")
mp.mp.dps = 20
rng = np.random.default_rng(17)
problems = []
for case in range(4):
    A = rng.standard_normal((12, 30)) / np.sqrt(12)
    x = np.where(rng.random(30) < 0.15, rng.random(30), 0.0)
    x[case] = 0.7
    dense = rng.random(30)
    unit = A / np.linalg.norm(A, axis=0)
    y, hard = A @ x, A @ dense
    omp = orthogonal_mp(unit, hard, n_nonzero_coefs=6) / np.linalg.norm(A, axis=0)
    penalty = 0.1 * max(A.T @ y)
    lasso = Lasso(alpha=penalty / 12, positive=True, fit_intercept=False, tol=1e-15, max_iter=10**6).fit(A, y).coef_
    l1 = linprog(np.ones(30), A_eq=A, b_eq=hard, bounds=(0, None), method="highs-ipm", options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10})
    assert l1.status == 0
    problems.append({
        "a": A.flatten(order="F").tolist(), "y": y.tolist(), "hard": hard.tolist(), "omp": omp.tolist(),
        "lasso": lasso.tolist(), "l1": l1.x.tolist(), "l1_sum": l1.fun,
    })


def phi(z):
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


def integral(f, ends, parts=12):
    return mp.quad(f, mp.linspace(ends[0], ends[1], parts + 1))



limits = []
for p, r in (("0.2", "0.25"), ("0.05", "0.1"), ("0.4", "0.5")):
    p, r = mp.mpf(p), mp.mpf(r)
    ncdf = lambda z: mp.erfc(-z / mp.sqrt(2)) / 2
    # E (x + tau Z - alpha tau)_+ and its square's moments, with z = alpha - x/tau
    def equations(alpha, tau):
        def square(x):
            z = alpha - x / tau
            return tau**2 * ((1 + z * z) * ncdf(-z) - z * phi(z)) - 2 * x * tau * (phi(z) - z * ncdf(-z)) + x**2

        loss = (1 - p) * square(mp.mpf(0)) + p * integral(square, (0, 1), 4)
        share = (1 - p) * ncdf(-alpha) + p * integral(lambda u: ncdf(u / tau - alpha), (0, 1), 4)
        return [loss - r * tau**2, share - r]

    alpha, tau = mp.findroot(equations, (mp.mpf("0.8"), mp.mpf("0.35")))
    limits.append([float(p), float(r), float(r * tau**2)])
print(json.dumps({"problems": problems, "l1": limits}))
