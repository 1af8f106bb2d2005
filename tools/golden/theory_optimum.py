"""Goldens of crates/theory/tests/integration/optimum.rs: the optimum of the symmetric model at 60 digits.

    python tools/golden/theory_optimum.py > crates/theory/tests/golden/optimum.tsv
    python tools/golden/theory_optimum.py --wide > crates/theory/tests/golden/optimum_wide.tsv

The second goes over p from 1e-12 to 1 and sigma from 1e-8 to 1e4, whatever ratio that may be.

For each (p, r): sigma^2 = (p/3 - p^2/4)(1/r - 1); N^2/D is scanned over beta, its greatest value refined by golden
section and then by the secant method on its derivative, whose sign change is checked. Nothing is shared with the Rust
code but the definitions.
"""
import sys

import mpmath as mp

from theory_gaussian import moments, parts


def products(b, s, p):
    (product, square, first, signal, mass, edge), lo = parts(b, s)
    return p * product, p * square + (1 - p) * lo[2], p * signal, p * first + (1 - p) * lo[1]


def score(b, s, p):
    n, d, _, _ = products(b, s, p)
    return n * n / d


def slope(b, s, p):
    """Proportional to d(N^2/D)/dbeta: N' = E[x; Y>0], D' = 2 E Y+."""
    n, d, dn, dd = products(b, s, p)
    return dn * d - n * dd


def optimum(p, s):
    mp.mp.dps = 40
    v = p / 3 - p * p / 4
    affine = p / 2 * s / v
    grid = [mp.mpf(k) / 4 for k in range(-36, 37)] + [affine * mp.mpf(2) ** (mp.mpf(k) / 8) for k in range(-24, 9)]
    grid = sorted(set(grid))
    values = [score(z * s, s, p) for z in grid]
    k = max(range(len(grid)), key=values.__getitem__)
    assert 0 < k < len(grid) - 1, (p, s, k)
    lo, hi = grid[k - 1] * s, grid[k + 1] * s
    mp.mp.dps = 110
    f_lo, f_hi = slope(lo, s, p), slope(hi, s, p)
    assert f_lo > 0 > f_hi, (p, s)
    b = mp.findroot(lambda b: slope(b, s, p), (lo, hi), solver="anderson", tol=mp.mpf(10) ** -150, maxsteps=400, verify=False)
    assert slope(b * (1 - mp.mpf(10) ** -40), s, p) * slope(b * (1 + mp.mpf(10) ** -40), s, p) < 0, (p, s)
    n, d, _, _ = products(b, s, p)
    a = n / d
    on = mp.mpf(1) / 3 - 2 * a * n / p + a * a * (d - (1 - p) * moments(b, s, 3)[2]) / p
    off = a * a * moments(b, s, 3)[2]
    return a, b, p / 3 - n * n / d, on, off


def show(x):
    return mp.nstr(x, 25, min_fixed=0, max_fixed=0)


def main():
    print("# p r sigma a shift loss on off  (python tools/golden/theory_optimum.py)")
    for p in [1e-4, 5e-4, 0.002001, 0.01, 0.044, 0.05, 0.13, 0.3, 0.47, 0.65, 0.8]:
        for r in [0.01, 0.03, 0.1, 0.2, 0.254, 0.4, 0.6, 0.8, 0.95]:
            mp.mp.dps = 110
            mpp, mr = mp.mpf(p), mp.mpf(r)
            s = mp.sqrt((mpp / 3 - mpp**2 / 4) * (1 / mr - 1))
            print("\t".join([repr(p), repr(r), show(s)] + [show(x) for x in optimum(mpp, s)]), flush=True)


def wide():
    print("# p sigma a shift loss on off  (python tools/golden/theory_optimum.py --wide)")
    for p in [1e-12, 1e-9, 1e-6, 1e-4, 0.01, 0.3, 0.8, 1.0]:
        for s in [1e-8, 1e-5, 1e-3, 0.03, 0.3, 1.0, 3.0, 30.0, 1e3, 1e4]:
            mp.mp.dps = 110
            print("\t".join([repr(p), repr(s)] + [show(x) for x in optimum(mp.mpf(p), mp.mpf(s))]), flush=True)


if __name__ == "__main__":
    wide() if "--wide" in sys.argv else main()
