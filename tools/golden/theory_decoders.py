"""Goldens of crates/theory/tests/integration/decoders.rs: element-wise decoders of y = x + nu at 60 digits.

    python tools/golden/theory_decoders.py > crates/theory/tests/golden/decoders.tsv

x = c u, c on with probability p, u uniform on [0, 1], nu normal of variance sigma^2. Everything is a quadrature, in
t = y/sigma, of the densities f0 (off) and f1 (on) of y and of g1 = E[u; y | on], from their definitions:
  bayes   = p/3 - int (p g1)^2 / ((1-p) f0 + p f1)
  oracle  = p (1/3 - int g1^2 / f1)
  jump    = p/3 - v' M^-1 v, the regression of x on (1, y) where y > tau, by integrals of y^k f and y^k g over y > tau.
The best tau is the least of a brute-force scan in double precision (cumulated sums, no closed form), made exact by
the secant method on 2 E[x|tau] = a tau + b; where the scan's least value is at a jump of 0, the row says `none`.
Each loss is evaluated with two rules, which must agree to 1e-25. Nothing is shared with the Rust code.
"""
import mpmath as mp
import numpy as np
from scipy.special import log_ndtr, ndtr

mp.mp.dps = 60


def phi(t):
    return mp.exp(-t * t / 2) / mp.sqrt(2 * mp.pi)


def mass(lo, hi):
    """P[lo < N < hi] without cancellation in the tails."""
    if lo > 0:
        lo, hi = -hi, -lo
    r = mp.sqrt(2)
    return (mp.erfc(-hi / r) - mp.erfc(-lo / r)) / 2


def on(t, h):
    """Density of t while on, and E[u; t]: u = s in [0, 1], integrand phi(t - h s)."""
    m = mass(t - h, t)
    return m / h, (t * m + phi(t) - phi(t - h)) / h**2


def panels(a, b, h, switch=None):
    """Panels over [a, b] within 26 of an end of [0, h]; between, f1 = 1/h and g1 = t/h^2 to 1e-70.

    Where the posterior switches (its poles are pi/switch off the real line) they are shorter, elsewhere 2 long.
    """
    narrow = None if switch is None else mp.mpf(1) / 2 if switch < 4 else mp.mpf(1) / 4
    ends = [(a, b)] if h < 60 else [(a, min(b, mp.mpf(26))), (max(a, h - 26), b)]
    out = []
    for lo, hi in ends:
        while lo < hi:
            short = narrow is not None and lo < switch + 6
            up = min(hi, lo + (narrow if short else 2))
            out.append((lo, up))
            lo = up
    return out


def rule(n, dps):
    """Gauss-Legendre of n points (Newton on P_n)."""
    out = []
    for k in range(1, n + 1):
        x = mp.cos(mp.pi * (k - mp.mpf(1) / 4) / (n + mp.mpf(1) / 2))
        for _ in range(12):
            p0, p1 = mp.mpf(1), x
            for j in range(2, n + 1):
                p0, p1 = p1, ((2 * j - 1) * x * p1 - (j - 1) * p0) / j
            d = n * (x * p1 - p0) / (x * x - 1)
            step = p1 / d
            x -= step
            if abs(step) < mp.mpf(10) ** (-dps):
                break
        out.append((x, 2 / ((1 - x * x) * d * d)))
    return out


RULES = [rule(24, 58), rule(32, 58)]


def integrate(f, count, pieces, rule):
    total = [mp.mpf(0)] * count
    for lo, hi in pieces:
        c, w = (lo + hi) / 2, (hi - lo) / 2
        for x, weight in rule:
            for k, value in enumerate(f(c + w * x)):
                total[k] += w * weight * value
    return total


def both(f, count, pieces):
    """By both rules, which must agree."""
    out = [integrate(f, count, pieces, rule) for rule in RULES]
    for x, y in zip(*out):
        assert abs(x - y) <= mp.mpf(10) ** -25 * abs(y), (x, y)
    return out[1]


def losses(p, s):
    """Oracle and Bayes."""
    h = 1 / s
    switch = mp.sqrt(max(mp.mpf(0), 2 * mp.log(1 / (p * s))))
    def f(t):
        f1, g1 = on(t, h)
        return (p * g1) ** 2 / ((1 - p) * phi(t) + p * f1), g1 * g1 / f1
    bayes, told = both(f, 2, panels(mp.mpf(-18), h + 18, h, switch))
    if h >= 60:
        # (p t / h^2)^2 / (p / h)
        middle = ((h - 26) ** 3 - mp.mpf(26) ** 3) / 3 / h**3
        bayes, told = bayes + p * middle, told + middle
    return p * (mp.mpf(1) / 3 - told), p / 3 - bayes


def moments(tau, p, s, rules=both):
    """Integrals over y > tau of y^k f (k = 0, 1, 2) and of y^k g (k = 0, 1)."""
    h = 1 / s
    def f(t):
        f1, g1 = on(t, h)
        total, n, y = (1 - p) * phi(t) + p * f1, p * g1, t * s
        return total, y * total, y * y * total, n, y * n
    s0, s1, s2, n0, n1 = rules(f, 5, panels(max(tau / s, mp.mpf(-18)), h + 18, h))
    if h >= 60:
        # y = t/h, density p, E[x; y] = p y
        lo, hi = 26 / h, 1 - 26 / h
        m = [p * (hi ** (k + 1) - lo ** (k + 1)) / (k + 1) for k in range(3)]
        s0, s1, s2, n0, n1 = s0 + m[0], s1 + m[1], s2 + m[2], n0 + m[1], n1 + m[2]
    return s0, s1, s2, n0, n1


def regression(tau, p, s, rules=both):
    """Loss, a, b of the best line above tau, and 2 E[x|tau] - (a tau + b)."""
    s0, s1, s2, n0, n1 = moments(tau, p, s, rules)
    det = s2 * s0 - s1 * s1
    a, b = (n1 * s0 - n0 * s1) / det, (n0 * s2 - n1 * s1) / det
    f1, g1 = on(tau / s, 1 / s)
    mean = p * g1 / ((1 - p) * phi(tau / s) + p * f1)
    return p / 3 - a * n1 - b * n0, a, b, 2 * mean - (a * tau + b)


def value(a, b, theta, p, s):
    """The loss of z 1[z > theta], z = a y + b: of -y and 1 - x it is told by the moments of y and x."""
    tau = (theta - b) / a
    above = moments(tau, p, s)
    if a < 0:
        above = [x - y for x, y in zip(moments(-18 * s, p, s), above)]
    s0, s1, s2, n0, n1 = above
    return p / 3 + a * a * s2 + 2 * a * b * s1 + b * b * s0 - 2 * (a * n1 + b * n0)


def scan(p, s):
    """The best tau of all, by sums over a grid of y in double precision; also the jump there."""
    h = 1 / s
    fine = np.arange(-9, min(h, 12) + 9, 1 / 256)
    t = fine if h <= 12 else np.concatenate([fine, np.linspace(fine[-1], h + 9, 40000)[1:]])
    w = np.gradient(t)
    lo, hi = np.where(t > h / 2, -t, t - h), np.where(t > h / 2, h - t, t)
    m = np.exp(log_ndtr(hi)) - ndtr(lo)
    d = lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    f = (1 - p) * d(t) + p * m / h
    n = p * np.maximum(t * m + d(t) - d(t - h), 0) / h**2
    tail = lambda x: np.cumsum((x * w)[::-1])[::-1]
    y = t * s
    s0, s1, s2, n0, n1 = tail(f), tail(y * f), tail(y * y * f), tail(n), tail(y * n)
    det = s2 * s0 - s1 * s1
    with np.errstate(all="ignore"):
        a, b = (n1 * s0 - n0 * s1) / det, (n0 * s2 - n1 * s1) / det
        gained = np.where(s0 > 1e-12 * p, a * n1 + b * n0, -np.inf)
    k = int(np.nanargmax(gained))
    return y[k], a[k] * y[k] + b[k], n[k] / f[k]


def show(x):
    return mp.nstr(x, 22, min_fixed=0, max_fixed=0)


def best_jump(p, s):
    """Loss, a, b, theta, tau; nothing if the scan's best has no jump."""
    tau, jump, mean = scan(p, s)
    if jump < 0.2 * mean:
        return None
    p, s, tau = mp.mpf(p), mp.mpf(s), mp.mpf(tau)
    quick = lambda f, count, pieces: integrate(f, count, pieces, RULES[0])
    tau = mp.findroot(
        lambda x: regression(x, p, s, quick)[3], (tau, tau + s / 100),
        solver="secant", tol=mp.mpf(10) ** -44 * s * s, maxsteps=12, verify=False,
    )
    loss, a, b, slope = regression(tau, p, s)
    assert abs(slope) < mp.mpf(10) ** -20 * abs(a * tau + b), (p, s, slope)
    return loss, a, b, a * tau + b, tau


def main():
    def row(*values):
        print("\t".join(x if isinstance(x, str) else repr(x) if isinstance(x, float) else show(x) for x in values))

    print("# python tools/golden/theory_decoders.py > crates/theory/tests/golden/decoders.tsv")
    print("# loss p sigma oracle bayes")
    print("# jump p sigma loss gain bias theta cut | none p sigma")
    print("# value p sigma gain bias theta loss")
    print("# posterior p sigma y on off magnitude variance_on")
    for p in [1e-12, 1e-8, 1e-4, 0.01, 0.05, 0.3, 0.8, 0.999, 1.0]:
        for s in [1e-4, 1e-3, 0.01, 0.05, 0.17, 0.26, 0.6, 3.0, 100.0]:
            row("loss", p, s, *losses(mp.mpf(p), mp.mpf(s)))
            if s < 1 and p < 1:
                best = best_jump(p, s)
                row(*(["none", p, s] if best is None else ["jump", p, s, *best]))
    for p, s in [(0.05, 0.3), (0.3, 0.05), (0.7, 1.5), (1.0, 0.2), (1e-6, 0.02)]:
        for a, b, theta in [(1.1, -0.2, 0.25), (0.4, 0.3, 0.1), (-0.7, 0.5, 0.2), (1.3, 0.1, -0.3), (2.0, -1.5, 0.0)]:
            row("value", p, s, a, b, theta, value(*map(mp.mpf, (a, b, theta, p, s))))
    for p in [1e-6, 0.05, 0.9]:
        for s in [1e-4, 0.02, 0.2, 0.3, 1.0, 100.0]:
            for y in [-40 * s, -3 * s, 0.5 * s, 4 * s, 0.3, 0.9, 1 + 2 * s, 1 + 30 * s]:
                mp.mp.dps = 1800
                mpp, h, t = mp.mpf(p), 1 / mp.mpf(s), mp.mpf(y) / mp.mpf(s)
                # scaled by exp(t^2/2) in spirit: enough digits that nothing underflows or cancels
                m = mp.erf(t / mp.sqrt(2)) / 2 - mp.erf((t - h) / mp.sqrt(2)) / 2
                lo, hi = phi(t), phi(t - h)
                mean = (t + (lo - hi) / m) / h
                second = (1 + (-t * lo - (h - t) * hi) / m - ((lo - hi) / m) ** 2) / h**2
                odds = mpp * (m / h) / ((1 - mpp) * lo)
                mp.mp.dps = 60
                row("posterior", p, s, y, odds / (1 + odds), 1 / (1 + odds), mean, second)


if __name__ == "__main__":
    main()
