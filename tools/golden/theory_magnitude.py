"""Goldens of crates/theory/tests/integration/magnitude.rs: losses for magnitudes other than U[0, 1], at 40 digits.

    python tools/golden/theory_magnitude.py

For a constant magnitude the Gaussian expectation is elementary; for the others it is integrated over the density.
"""
import mpmath as mp

from theory_gaussian import moments

mp.mp.dps = 60


def at(u, a, b, s):
    """E (u - a (u + b + nu)_+)^2, E u Y+, E Y+^2."""
    m = moments(u + b, s, 3)
    return u * u - 2 * a * u * m[1] + a * a * m[2], u * m[1], m[2]


def row(name, density, low, high, a, b, s, p):
    a, b, s, p = map(mp.mpf, (a, b, s, p))
    cuts = [low] + [c for c in sorted({-b + k * s for k in (-8, -3, 0, 3, 8)}) if low < c < high] + ([mp.mpf(1), mp.mpf(5)] if high > 30 else []) + [high]
    cuts = sorted(set(map(mp.mpf, cuts)))
    mean = lambda f: mp.quad(lambda u: f(u) * density(u), cuts)
    off, _, off2 = at(mp.mpf(0), a, b, s)
    on = mean(lambda u: at(u, a, b, s)[0])
    n, d = mean(lambda u: at(u, a, b, s)[1]), mean(lambda u: at(u, a, b, s)[2])
    gain = p * n / (p * d + (1 - p) * off2)
    print("    (%s, %s, %s, %s, %s, %s, %s)," % (name, mp.nstr(a, 17), mp.nstr(b, 17), mp.nstr(s, 17), mp.nstr(p, 17), mp.nstr(p * on + (1 - p) * off, 20), mp.nstr(gain, 20)))


mp.mp.dps = 60
for a, b, s, p in [(1.2, -0.3, 0.25, 0.05), (1.01, -0.004, 0.001, 0.01), (0.5, 1.5, 3.0, 0.6), (1.1, -4.0, 0.5, 0.2)]:
    row("Exponential", lambda u: mp.exp(-u), mp.mpf(0), mp.mpf(100), a, b, s, p)
for a, b, s, p in [(1.2, -0.3, 0.25, 0.05), (1.01, -0.004, 0.001, 0.01), (0.5, 1.5, 3.0, 0.6), (1.1, -4.0, 0.5, 0.2)]:
    row("Interval", lambda u: mp.mpf(2) / 3, mp.mpf("0.5"), mp.mpf(2), a, b, s, p)
