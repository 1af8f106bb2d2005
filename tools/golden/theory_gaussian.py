"""Goldens of crates/theory/tests/integration/gaussian.rs: losses and derivatives at 120 digits, from the plain closed forms.

    python tools/golden/theory_gaussian.py > crates/theory/tests/golden/gaussian.tsv

Everything is written from the definitions with the textbook recurrence M_k = t M_{k-1} + (k-1) s^2 M_{k-2}; 120 digits
leave room for all that cancels. `--check` compares a few rows with direct quadrature of the definition.
"""
import itertools
import random
import sys

import mpmath as mp

mp.mp.dps = 120


def moments(t, s, count):
    """M_0 .. M_{count-1} of (t + nu)_+, nu ~ N(0, s^2)."""
    z = t / s
    m = [mp.erfc(-z / mp.sqrt(2)) / 2]
    m.append(t * m[0] + s * mp.npdf(z))
    for k in range(2, count):
        m.append(t * m[k - 1] + (k - 1) * s**2 * m[k - 2])
    return m


def parts(b, s):
    """On: E u Y+, E Y+^2, E Y+, E[u; Y>0], P[Y>0], E u phi(z)/s; off: M_2, M_1, M_0."""
    lo, hi = moments(b, s, 4), moments(1 + b, s, 4)
    d3, d2, d1 = hi[3] - lo[3], hi[2] - lo[2], hi[1] - lo[1]
    product = hi[2] / 2 - d3 / 6
    square = d3 / 3
    first = d2 / 2
    signal = hi[1] - d2 / 2
    mass = d1
    edge = hi[0] - d1
    return (product, square, first, signal, mass, edge), lo


def losses(a, b, s, p):
    (product, square, first, signal, mass, edge), lo = parts(b, s)
    on = mp.mpf(1) / 3 - 2 * a * product + a * a * square
    off = a * a * lo[2]
    total = p * on + (1 - p) * off
    da = -2 * p * product + 2 * a * (p * square + (1 - p) * lo[2])
    db = -2 * a * (p * signal - a * (p * first + (1 - p) * lo[1]))
    ds = 2 * a * s * (a * (p * mass + (1 - p) * lo[0]) - p * edge)
    gain = p * product / (p * square + (1 - p) * lo[2])
    return on, off, total, da, db, ds, on - off, gain


def check():
    mp.mp.dps = 40
    for a, b, s, p in [(1.3, -0.4, 0.3, 0.05), (0.4, 1.5, 2.0, 0.8), (1.1, -2.0, 0.5, 0.3), (0.9, 0.2, 0.1, 1.0)]:
        a, b, s, p = map(mp.mpf, (a, b, s, p))

        def inner(u, scale=1, shift=0, noise=0):
            aa, bb, ss = a * scale, b + shift, s + noise
            f = lambda v: (u - aa * max(u + v + bb, 0)) ** 2 * mp.npdf(v, 0, ss)
            return mp.quad(f, [-14 * ss, -u - bb, -u - bb + ss, 14 * ss] if -14 * ss < -u - bb < 13 * ss else [-14 * ss, 0, 14 * ss])

        mp.mp.dps = 20
        total = lambda **k: p * mp.quad(lambda u: inner(u, **k), [0, min(max(-b, mp.mpf("0.01")), mp.mpf("0.99")), 1]) + (1 - p) * inner(mp.mpf(0), **k)
        e = mp.mpf("1e-6")
        got = losses(a, b, s, p)
        want = [total()] + [(total(**{k: v + e}) - total(**{k: v - e})) / (2 * e) * f
                            for k, v, f in [("scale", 1, 1 / a), ("shift", 0, 1), ("noise", 0, 1)]]
        for g, w in zip(got[2:6], want):
            assert abs(g - w) < 1e-9 * max(abs(w), 1e-3), (a, b, s, p, g, w)
    print("quadrature agrees", file=sys.stderr)


def show(x):
    return mp.nstr(x, 25, min_fixed=0, max_fixed=0)


def line(a, b, s, p):
    row = losses(*map(mp.mpf, (a, b, s, p)))
    print("\t".join([repr(a), repr(b), repr(s), repr(p)] + [show(x) for x in row]))


def main():
    rng = random.Random(20241)
    print("# a b sigma p on off total d/da d/dbeta d/dsigma d/dp best_gain  (python tools/golden/theory_gaussian.py)")
    ratios = [-40, -37.5, -25, -12, -6.3, -3, -1.7, -0.6, -1e-3, 0, 1e-5, 0.4, 1.2, 2.9, 7, 17, 40]
    sigmas = [1e-8, 1e-5, 2e-3, 0.021, 0.07, 0.3, 0.9, 1.3, 3.7, 30, 1e3, 1e4]
    for z, s in itertools.product(ratios, sigmas):
        p = rng.choice([1e-12, 1e-7, 1e-4, 0.01, 0.05, 0.3, 0.8, 1.0])
        kind = rng.randrange(3)
        b = z * s
        mb, ms, mpp = mp.mpf(b), mp.mpf(s), mp.mpf(p)
        best = losses(mp.mpf(1), mb, ms, mpp)[-1]
        a = [1.0, 1.31, float(best)][kind]
        line(a, b, s, p)
    # Gains near 1 and small noise: the loss and L_on - L_off are of order (1 - a)^2 + sigma^2.
    for k, s in itertools.product([1, 2, 4, 6, 8], [1e-8, 1e-6, 1e-3]):
        away = 10.0 ** -k * rng.choice([-1, 1])
        line(1.0 + away * rng.uniform(0.5, 1), -away * rng.uniform(0.1, 1), s, rng.choice([1e-5, 0.05, 0.7]))


if __name__ == "__main__":
    if "--check" in sys.argv:
        check()
    else:
        main()
