"""Goldens of crates/theory/tests/integration/attribution.rs: the chain of models from the optimum to given weights, in 60 digits.

    python tools/golden/theory_attribution.py > crates/theory/tests/golden/attribution.txt

The Gaussian losses are the textbook forms of theory_gaussian.py, their minima those of theory_optimum.py, the exact loss
sums over the sets of features that are on as in theory_exact.py. One case a line: p; n_d; W by rows; b; then the
optimum's loss, the Gaussian, the exact loss, and the parts dropped, sigma, sigma spread, gain and bias, diagonal spread,
bias spread, not Gaussian.
"""
import random

import mpmath as mp

from theory_exact import by_patterns
from theory_gaussian import losses
from theory_optimum import optimum


def best(p, s):
    """Gain, bias, loss."""
    if s == 0:
        return mp.mpf(1), mp.mpf(0), mp.mpf(0)
    a, shift, loss, _, _ = optimum(p, s)
    return a, a * shift, loss


def row_loss(p, gain, bias, noise):
    """E (x - (gain x + bias + noise)_+)^2, gain > 0, on by losses(); else x and -x change places in its definition."""
    if gain > 0:
        return losses(gain, bias / gain, noise / gain, p)[2]
    u = mp.linspace(0, 1, 9)

    def m(t):
        z = t / noise
        cdf = mp.erfc(-z / mp.sqrt(2)) / 2
        one = t * cdf + noise * mp.npdf(z)
        return one, t * one + noise**2 * cdf

    on = mp.quad(lambda v: v * v - 2 * v * m(gain * v + bias)[0] + m(gain * v + bias)[1], u)
    return p * on + (1 - p) * m(bias)[1]


def chain(w, b, hidden, p):
    mp.mp.dps = 60
    n = len(b)
    w = [[mp.mpf(x) for x in row] for row in w]
    b, p = [mp.mpf(x) for x in b], mp.mpf(p)
    v = p / 3 - p * p / 4
    others = [[w[i][j] for j in range(n) if j != i] for i in range(n)]
    noise = [mp.sqrt(v * sum(x * x for x in row)) for row in others]
    effective = [b[i] + p / 2 * sum(others[i]) for i in range(n)]
    gauss = [row_loss(p, w[i][i], effective[i], noise[i]) for i in range(n)]
    top = max(abs(w[i][i]) for i in range(n))
    kept = [i for i in range(n) if abs(w[i][i]) > top / 100]
    k = len(kept)
    sigma = {i: noise[i] / abs(w[i][i]) for i in kept}
    welch = lambda count: mp.sqrt(v * max(mp.mpf(count) / hidden - 1, 0))
    whole = lambda values: (mp.mpf(n - k) * v + sum(values)) / n
    own = {i: best(p, sigma[i]) for i in kept}
    da = sum(w[i][i] - own[i][0] for i in kept) / k
    db = sum(effective[i] - own[i][1] for i in kept) / k
    at = lambda i, a, c: row_loss(p, a, c, abs(a) * sigma[i])
    start = best(p, welch(n))[2]
    models = [
        whole([best(p, welch(k))[2]] * k),
        whole([best(p, mp.sqrt(sum(s * s for s in sigma.values()) / k))[2]] * k),
        whole([own[i][2] for i in kept]),
        whole([at(i, own[i][0] + da, own[i][1] + db) for i in kept]),
        whole([at(i, w[i][i], own[i][1] + db) for i in kept]),
        whole([gauss[i] for i in kept]),
    ]
    steps = [y - x for x, y in zip(models, models[1:])]
    gaussian = sum(gauss) / n
    dropped = models[0] - start + gaussian - models[-1]
    exact = sum(by_patterns(w[i], i, b[i], [p] * n) for i in range(n)) / n
    return [start, gaussian, exact, dropped, *steps, exact - gaussian]


def main():
    rng = random.Random(12)
    for n, hidden, p, drop in [(5, 3, 0.3, None), (7, 3, 0.08, 4), (6, 4, 0.6, 0)]:
        a = [[rng.gauss(0, 0.6) for _ in range(hidden)] for _ in range(n)]
        w = [[sum(x * y for x, y in zip(r, s)) + 0.1 * rng.gauss(0, 1) for s in a] for r in a]
        b = [rng.gauss(-0.1, 0.05) for _ in range(n)]
        for i in range(n):
            w[i][i] = abs(w[i][i]) + 0.5
        if drop is not None:
            w[drop][drop] = -0.002
        parts = chain(w, b, hidden, p)
        text = [repr(p), repr(hidden), " ".join(repr(x) for row in w for x in row), " ".join(map(repr, b))]
        print("; ".join(text + [" ".join(mp.nstr(x, 20) for x in parts)]), flush=True)


if __name__ == "__main__":
    main()
