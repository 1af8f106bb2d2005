"""Expected losses of single outputs, for crates/theory/tests/integration/exact.rs.

    python tools/golden/theory_exact.py > crates/theory/tests/golden/exact.txt
    python tools/golden/theory_exact.py --full-size    (constants of `rectified_rows_of_full_size`; minutes)

Three oracles, none of which is the crate's own method:
- patterns: every set of features that are on; a sum of d uniform laws with weights w has
      E (t + sum w u)_+^k = sum_{v in {0,1}^d} (-1)^{d - |v|} (t + v.w)_+^{k+d} k! / ((k+d)! prod w),
  in 60 digits and more (the terms cancel). For small p, sets larger than a stated size are left out.
- counts: rows of few distinct weights, by the numbers that are on of each (binomial weights), likewise.
- line: the inversion integral on a vertical line right of 0, by a plain trapezoidal sum in 30 digits.

One case a line: name; feature; bias; row; probabilities; loss. Doubles are written so that they read back exactly.
Some lines go on: slope in the bias; slopes in the row (differences over 1e-20 of the first oracle).
"""

import itertools
import random
import sys
from math import comb

from mpmath import mp, mpf, factorial, exp, mpc, pi, log

mp.dps = 60


def antiderivative(t, k, d):
    """The d-th repeated integral of t_+^k."""
    return t ** (k + d) * factorial(k) / factorial(k + d) if t > 0 else mpf(0)


def output_loss(c, p, smooth):
    """smooth(t, k, d): E of the d-th repeated integral of (. + t)_+^k over the interference."""
    off = smooth(0, 2, 0)
    if c == 0:
        on = mpf(1) / 3 + smooth(0, 2, 0) - smooth(0, 1, 0)
    else:
        square = (smooth(c, 2, 1) - smooth(0, 2, 1)) / c
        product = smooth(c, 1, 1) / c - (smooth(c, 1, 2) - smooth(0, 1, 2)) / c**2
        on = mpf(1) / 3 + square - 2 * product
    return (1 - p) * off + p * on


def by_patterns(row, i, bias, probs, most=None):
    row, probs, bias = [mpf(w) for w in row], [mpf(p) for p in probs], mpf(bias)
    others = [j for j in range(len(row)) if j != i and row[j] != 0]
    most = len(others) if most is None else most
    terms = []  # (coefficient, offset, number of features on)
    for d in range(most + 1):
        for on in itertools.combinations(others, d):
            chance = mpf(1)
            chosen = set(on)
            for j in others:
                chance *= probs[j] if j in chosen else 1 - probs[j]
            if chance == 0:
                continue
            for j in on:
                chance /= row[j]
            sums = [(chance * (-1) ** d, bias)]
            for j in on:
                sums += [(-a, t + row[j]) for a, t in sums]
            terms += [(a, t, d) for a, t in sums]

    def smooth(shift, k, extra):
        return sum(a * antiderivative(t + shift, k, d + extra) for a, t, d in terms)

    return output_loss(row[i], probs[i], smooth)


def by_counts(c, bias, p, weights, numbers, most):
    mp.dps = 120
    c, bias, p = mpf(c), mpf(bias), mpf(p)
    weights = [mpf(w) for w in weights]
    terms = {}
    for on in itertools.product(*[range(min(n, most) + 1) for n in numbers]):
        d = sum(on)
        if d > most:
            continue
        chance = mpf(1)
        for k, n, w in zip(on, numbers, weights):
            chance *= comb(n, k) * p**k * (1 - p) ** (n - k) / w**k
        for v in itertools.product(*[range(k + 1) for k in on]):
            sign = (-1) ** (d - sum(v))
            ways = 1
            for a, k in zip(v, on):
                ways *= comb(k, a)
            key = (v, d)
            terms[key] = terms.get(key, 0) + chance * sign * ways

    def smooth(shift, k, extra):
        return sum(
            a * antiderivative(bias + shift + sum(x * w for x, w in zip(v, weights)), k, d + extra)
            for (v, d), a in terms.items()
        )

    loss = output_loss(c, p, smooth)
    mp.dps = 60
    return loss


def by_line(row, i, bias, probs):
    mp.dps = 30
    others = [(mpf(w), mpf(p)) for j, (w, p) in enumerate(zip(row, probs)) if j != i and w]
    c, bias, own = mpf(row[i]), mpf(bias), mpf(probs[i])
    sigma = mp.sqrt(sum(w * w * (p / 3 - p * p / 4) for w, p in others))
    mean = bias + sum(w * p / 2 for w, p in others)
    line = 2 / sigma
    # Aliases fall off like exp(-line * period) on one side and like the law's own tail on the other.
    period = max(34 * sigma, abs(mean) + abs(c) + 24 * sigma)
    step = 2 * pi / period

    def integrand(s):
        generating = exp(s * bias)
        for w, p in others:
            z = s * w
            generating *= 1 - p + p * (exp(z) - 1) / z
        z = s * c
        uniform = (exp(z) - 1) / z
        with_u = (exp(z) * (z - 1) + 1) / z**2
        return generating * (2 / s**3 * (1 - own + own * uniform) - 2 * own * with_u / s**2)

    total = integrand(mpc(line, 0)).real / 2
    n = 1
    while True:
        term = integrand(mpc(line, n * step))
        total += term.real
        if abs(term) * n < mpf(10) ** -22 * abs(total):
            break
        n += 1
    loss = own / 3 + total * step / pi
    mp.dps = 60
    return loss


def show(name, i, bias, row, probs, loss, *slopes):
    numbers = lambda xs: " ".join(repr(float(x)) for x in xs)
    fields = [name, str(i), repr(float(bias)), numbers(row), numbers(probs), mp.nstr(loss, 25)]
    print("; ".join(fields + [numbers(xs) for xs in slopes]), flush=True)


def show_slopes(name, i, bias, row, probs, digits=90):
    """A case of the first oracle with its slopes."""
    mp.dps = digits
    h = mpf(10) ** -20
    row, bias, probs = [mpf(w) for w in row], mpf(bias), [mpf(p) for p in probs]

    def slope(change):
        return (by_patterns(*change(h)) - by_patterns(*change(-h))) / (2 * h)

    loss = by_patterns(row, i, bias, probs)
    in_bias = slope(lambda d: (row, i, mpf(bias) + d, probs))
    in_row = [slope(lambda d: (row[:j] + [row[j] + d] + row[j + 1 :], i, bias, probs)) for j in range(len(row))]
    mp.dps = 60
    show(name, i, bias, row, probs, loss, [in_bias], in_row)


def main():
    rng = random.Random(2024)
    for n in (3, 6, 10):
        for p in (1e-3, 0.05, 0.5, 0.97, 1.0):
            row = [rng.gauss(0, 0.35) for _ in range(n)]
            i = rng.randrange(n)
            row[i] = rng.uniform(0.5, 1.1)
            bias = rng.uniform(-0.4, 0.2)
            probs = [p] * n
            show(f"patterns n={n} p={p}", i, bias, row, probs, by_patterns(row, i, bias, probs))
    for c in (-0.7, 0.0, 1e-3, 0.02, 1.6):
        row = [0.3, -0.45, 0.8, -0.15, 0.06, -0.37]
        row[3] = c
        probs = [0.2, 0.9, 0.003, 0.35, 1.0, 0.6]
        if c:
            show_slopes(f"own weight {c}", 3, -0.21, row, probs)
        else:
            show(f"own weight {c}", 3, -0.21, row, probs, by_patterns(row, 3, -0.21, probs))
    # Small loss beside p/3; weights over four decades; large scale; two always on.
    tiny = [1e-5 * w for w in (0.7, -1.1, 0.4, 1.9, -0.6)] + [1.0]
    show("small", 5, -2e-6, tiny, [0.07] * 6, by_patterns(tiny, 5, -2e-6, [0.07] * 6))
    spread = [0.97, -0.93, 0.11, 3e-2, -7e-3, 2e-3, 5e-4, -1.5e-4]
    show_slopes("spread", 0, -0.013, spread, [0.11] * 8)
    rare = [0.31, -0.5, 0.9, 0.22, -0.18, 0.05, 0.4, -0.27]
    show_slopes("rare", 2, -0.11, rare, [0.002] * 8)
    huge = [130.0, -75.0, 42.0, 260.0]
    show("large", 2, 31.0, huge, [0.23] * 4, by_patterns(huge, 2, 31.0, [0.23] * 4))
    dead = [0.2, -0.3, 0.25, 0.9]
    show("dead", 3, -1.05, dead, [0.4, 0.1, 0.3, 0.2], by_patterns(dead, 3, -1.05, [0.4, 0.1, 0.3, 0.2]))
    linear = [0.2, -0.3, 0.25, 0.4]
    show("linear", 3, 2.0, linear, [0.4, 0.1, 0.3, 0.7], by_patterns(linear, 3, 2.0, [0.4, 0.1, 0.3, 0.7]))
    zero = [0.0] * 4
    show("zero row", 1, 0.3, zero, [0.2] * 4, by_patterns(zero, 1, 0.3, [0.2] * 4))
    pair = [1.0, -1.0, 0.0, 0.0]
    show("antipodal", 0, 0.0, pair, [0.044] * 4, by_patterns(pair, 0, 0.0, [0.044] * 4))
    row = [rng.gauss(0, 0.3) for _ in range(18)]
    row[7] = 0.93
    # Sets of seven and more: C(17, 7) 1e-21 < 2e-17 of probability.
    show("patterns n=18 p=0.001", 7, -0.17, row, [1e-3] * 18, by_patterns(row, 7, -0.17, [1e-3] * 18, 6))

    for p, most in ((1e-3, 9), (0.01, 14)):
        weights, numbers = [0.31, -0.23, 0.9], [60, 45, 1]
        row = [0.88] + [w for w, n in zip(weights, numbers) for _ in range(n)]
        loss = by_counts(0.88, -0.06, p, weights, numbers, most)
        show(f"counts n={len(row)} p={p}", 0, -0.06, row, [p] * len(row), loss)

    for n, p, width in ((120, 0.3, 0.13), (120, 1.0, 0.13), (700, 0.08, 0.08)):
        row = [rng.gauss(0, width) for _ in range(n)]
        row[5] = 0.7
        bias = -0.5 * p * (sum(row) - 0.7) - 0.4
        show(f"line n={n} p={p}", 5, bias, row, [p] * n, by_line(row, 5, bias, [p] * n))
    far_below()


def far_below():
    """Weights below all that the others can add: their features shut the output."""
    for i, bias, row, probs in (
        (2, -0.51, [-6.8e5, 6.2, -0.67, 1.7, -0.07, -200.0, -390.0, 123.0], [1.0] * 8),
        (0, -0.11, [0.9, 0.3, -1.7e5, -0.4, 0.25, -47.0], [0.24] * 6),
        (4, -0.2, [0.4, -3e8, -60.0, 0.1, 1.1, -0.3], [0.3, 1e-3, 0.7, 1.0, 0.05, 0.2]),
        # As in a hierarchy: the louder ones silence, the quieter ones add next to nothing.
        (3, 0.0, [-4.3e9, -2.1e6, 3e-11, 1.0, -0.31e-3, 0.8e-6, 0.0], [0.06] * 7),
        (2, 1e-4, [-9.1e3, -31.0, 0.93, 0.04, -0.012, -2e-3], [0.3] * 6),
    ):
        show_slopes("far below", i, bias, row, probs, 240)


def full_size(p):
    """n_s = 8192: weights spread evenly over +-0.03 with one of -1, for the test `rectified_rows_of_full_size`."""
    row = [((j * 7919 % 8192) / 8192 - 0.5) * 0.06 for j in range(8192)]
    row[17], row[5000] = -1.0, 0.9
    return by_line(row, 5000, -0.1, [p] * 8192)


def full_size_by_counts():
    """n_s = 8192, p = 1e-3: sets of 43 and more, of 8.2 on average, have a probability below 1e-17."""
    return by_counts(0.88, -0.06, 1e-3, [0.02, -0.02, -1.0], [4000, 4190, 1], 42)


if __name__ == "__main__":
    if "--full-size" in sys.argv:
        for p in (0.05, 1.0):
            print(f"full size p={p}", mp.nstr(full_size(p), 20), flush=True)
        print("full size by counts", mp.nstr(full_size_by_counts(), 20))
    else:
        main()
