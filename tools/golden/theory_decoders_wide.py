"""Goldens of crates/theory/tests/integration/wide.rs: five decoders for sigma from 1e-300 to 1e4 and p from 1e-100 to 1.

    python tools/golden/theory_decoders_wide.py > crates/theory/tests/golden/decoders_wide.tsv

x = c u, y = x + nu as in theory_decoders.py, here in units of the noise: t = y/sigma, h = 1/sigma, X = x/sigma in [0, h].
Losses are divided by min(1, sigma^2), lengths (cut, jump, shift) by sigma, so that each is a number of ordinary size. With
r = X - t every loss is a quadratic form in integrals of t^k, r t^k and r^2 over t > tau and of X^2 over t < tau; for
sigma > 1/200, where the loss may be E X^2 to all digits, in integrals of t^k and X t^k. These are sums over panels of at most a quarter of the noise, 50 digits, by rules of 24 and 32 points that must agree to 1e-15 (the second then is right to 1e-20). Between
`top` (where the posterior has long switched) and 26 noises before h, a density of p/h and r ~ N(0, 1) are right to 1e-70.
The best ReLU is the least of a scan over tau, refined on its derivative; the best JumpReLU the least of all zeros of
2 E[X|tau] - (a tau + b), or the ReLU where that is better. Nothing is shared with the Rust code.
"""
import mpmath as mp

from theory_decoders import RULES, mass, phi, show

REACH = mp.mpf(26)
LOW = mp.mpf(-18)
COLUMNS = 11
SIGMAS = [1e-300, 1e-200, 1e-100, 1e-40, 1e-20, 1e-16, 1e-14, 1e-9, 1e-4, 0.01, 0.2, 2.0, 100.0, 1e4]
# How many of them for each p: a row takes minutes where p is small.
GRID = {1e-100: 1, 1e-40: 10, 1e-12: 14, 1e-4: 14, 0.01: 14, 0.3: 14, 1.0: 14}


def integrands(t, p, h):
    """Densities of 1, t, t^2, r, r t, r^2, X^2, Var(X|t), Var(X|t, on), X, X t at t = y/sigma."""
    # A tail beyond 1000 is below 1e-200000.
    near = h - t < 1000
    m = mass(t - h, t) if near else mp.erfc(-t / mp.sqrt(2)) / 2
    lo, hi = phi(t), phi(t - h) if near else mp.mpf(0)
    shift = (lo - hi) / m
    variance = 1 - (t * lo + (h - t) * hi) / m - shift * shift
    mean, on, off = t + shift, p * m / h, (1 - p) * lo
    d, r = on + off, on * shift - off * t
    told = on * variance
    return [d, t * d, t * t * d, r, t * r, on * (variance + shift**2) + off * t * t, on * (variance + mean * mean),
            told + on * off / d * mean * mean, told, on * mean, t * on * mean]


class Channel:
    def __init__(self, p, s):
        self.p, self.h = p, 1 / s
        h = self.h
        self.direct = h < 200
        switch = mp.sqrt(max(mp.mpf(0), 2 * mp.log(1 / (p * s))))
        top = max(REACH, switch + 18)
        width = mp.mpf(1) / (4 if switch < 20 else 8)
        self.whole = h < top + 2 * REACH
        count = int(mp.ceil(((h + 18 if self.whole else top) - LOW) / width))
        self.edges = [LOW + width * k for k in range(count + 1)]
        # sums[k]: over t > edges[k]
        self.sums = [[mp.mpf(0)] * COLUMNS]
        if not self.whole:
            self.sums = [self.far(self.edges[-1])]
        for lo, hi in reversed(list(zip(self.edges, self.edges[1:]))):
            self.sums.append([a + b for a, b in zip(self.sums[-1], self.panel(lo, hi))])
        self.sums.reverse()

    def panel(self, lo, hi):
        out = []
        for rule in RULES:
            total = [mp.mpf(0)] * COLUMNS
            for x, w in rule:
                t = (lo + hi) / 2 + (hi - lo) / 2 * x
                for k, value in enumerate(integrands(t, self.p, self.h)):
                    total[k] += w * (hi - lo) / 2 * value
            out.append(total)
        for x, y in zip(*out):
            assert abs(x - y) <= mp.mpf(10) ** -15 * abs(y) + mp.mpf(10) ** -40 * out[1][6], (lo, x, y)
        return out[1]

    def far(self, low):
        """From `low` to 26 before h in closed form, then the upper end, mirrored: w = h - t, r -> -r."""
        p, h = self.p, self.h
        high = h - REACH
        s = [p / h * (high ** (k + 1) - low ** (k + 1)) / (k + 1) for k in range(3)]
        total = s + [mp.mpf(0), mp.mpf(0), s[0], s[0] + s[2], s[0], s[0], s[1], s[2]]
        for lo in range(int(LOW), int(REACH)):
            d, dw, dww, r, rw, rr, _, told, _, _, _ = self.mirror(mp.mpf(lo), mp.mpf(lo + 1))
            # X = t + r, t = h - w
            t1, t2 = h * d - dw, h * h * d - 2 * h * dw + dww
            r0, r1 = -r, -(h * r - rw)
            for k, value in enumerate([d, t1, t2, r0, r1, rr, t2 + 2 * r1 + rr, told, told, t1 + r0, t2 + r1]):
                total[k] += value
        return total

    def mirror(self, lo, hi):
        """The lower end of a feature that is always on, times p."""
        other = Channel.__new__(Channel)
        other.p, other.h = mp.mpf(1), self.h
        return [self.p * x for x in other.panel(lo, hi)]

    def above(self, tau):
        """The integrals over t > tau."""
        if tau <= LOW:
            return self.sums[0]
        k = next(k for k, edge in enumerate(self.edges) if edge > tau)
        return [a + b for a, b in zip(self.sums[k], self.panel(tau, self.edges[k]))]

    def split(self, tau, k=None):
        total = self.above(tau) if k is None else self.sums[k]
        return total[:6], self.sums[0][6] - total[6], total[9:]

    def line(self, tau, k=None):
        """Loss, a, a tau + b of the best line above tau: r = (a - 1) t + b + rest; what is gained on the output 0."""
        (s0, s1, s2, r0, r1, rr), below, (n0, n1) = self.split(tau, k)
        det = s2 * s0 - s1 * s1
        if self.direct:
            a, b = (n1 * s0 - n0 * s1) / det, (n0 * s2 - n1 * s1) / det
            gained = a * n1 + b * n0
            return self.sums[0][6] - gained, a, a * tau + b, gained
        slope, b = (r1 * s0 - r0 * s1) / det, (r0 * s2 - r1 * s1) / det
        loss = rr - slope * r1 - b * r0 + below
        return loss, 1 + slope, (1 + slope) * tau + b, -loss

    def excess(self, tau, k=None):
        at = integrands(tau, self.p, self.h)
        return 2 * at[9] / at[0] - self.line(tau, k)[2]

    def ray(self, tau, k=None):
        """Loss, a and E[X - a Y; Y > 0] of the best a (t - tau); what is gained on the output 0."""
        (s0, s1, s2, r0, r1, rr), below, (n0, n1) = self.split(tau, k)
        y1, y2 = s1 - tau * s0, s2 - 2 * tau * s1 + tau * tau * s0
        if self.direct:
            a = (n1 - tau * n0) / y2
            gained = a * (n1 - tau * n0)
            return self.sums[0][6] - gained, a, n0 - a * y1, gained
        # X = Y + q, q = tau + r
        q0, q1, qq = tau * s0 + r0, r1 - tau * r0 + tau * y1, rr + 2 * tau * r0 + tau * tau * s0
        slope = q1 / y2
        loss = qq - slope * q1 + below
        # Where all digits cancel the noise that passes is far above all signal: as good as the output 0.
        gained = -loss if loss > qq * mp.mpf(10) ** -25 else -self.sums[0][6]
        return loss, 1 + slope, q0 - slope * y1, gained


def root(f, lo, hi):
    size = abs(f(lo))
    assert f(lo) * f(hi) < 0, (lo, hi)
    x = mp.findroot(lambda x: f(x) / size, (lo, hi), solver="anderson", tol=mp.mpf(10) ** -40, maxsteps=40, verify=False)
    step = (1 + abs(x)) * mp.mpf(10) ** -24
    assert f(x - step) * f(x + step) < 0, x
    return x


def relu(channel, p, s):
    edges = channel.edges
    count = sum(edge < 9 + min(channel.h, edges[-1] - 18) for edge in edges)
    v = p / 3 - p * p / 4
    affine = -p / 2 * s / v
    scan = [(edges[k], k) for k in range(count)] + [(affine * mp.mpf(2) ** (mp.mpf(j) / 8), None) for j in range(-24, 9)]
    scan = sorted((z, k) for z, k in scan if k is not None or z < LOW)
    gained = [channel.ray(z, k)[3] for z, k in scan]
    k = max(range(len(scan)), key=gained.__getitem__)
    assert 0 < k < len(scan) - 1, (p, s, k)
    tau = root(lambda x: channel.ray(x)[2], scan[k - 1][0], scan[k + 1][0])
    loss, a, _, gained = channel.ray(tau)
    return loss, a, tau, gained


def threshold(channel):
    edges = channel.edges
    last = sum(edge < 8 + min(channel.h, edges[-1] - 18) for edge in edges)
    first = sum(edge < -8 for edge in edges)
    signs = [channel.excess(edges[k], k) for k in range(first, last)]
    best = None
    for j, (x, y) in enumerate(zip(signs, signs[1:])):
        if x < 0 <= y:
            tau = root(channel.excess, edges[first + j], edges[first + j + 1])
            loss, a, theta, gained = channel.line(tau)
            best = (loss, a, theta, tau, gained) if best is None or gained > best[4] else best
    return best


def main():
    print("# python tools/golden/theory_decoders_wide.py > crates/theory/tests/golden/decoders_wide.tsv")
    print("# p sigma | losses over min(1, sigma^2): oracle bayes threshold relu | ReLU's a, shift/sigma | JumpReLU's a, theta/sigma,")
    print("# cut/sigma, or 0 0 0 where the ReLU is best", flush=True)
    for p, count in GRID.items():
        for s in SIGMAS[:count]:
            mp.mp.dps = 50
            mpp, mps = mp.mpf(p), mp.mpf(s)
            channel = Channel(mpp, mps)
            unit = min(mp.mpf(1), mps) ** 2 / mps**2
            loss, a, tau, gained = relu(channel, mpp, mps)
            jump = threshold(channel) if p < 1 else None
            if jump is None or jump[4] <= gained:
                jump = (loss, mp.mpf(0), mp.mpf(0), mp.mpf(0), gained)
            bayes, oracle = channel.sums[0][7:9]
            values = [oracle / unit, bayes / unit, jump[0] / unit, loss / unit, a, -tau, *jump[1:4]]
            print("\t".join([repr(p), repr(s)] + [show(x) for x in values]), flush=True)


if __name__ == "__main__":
    main()
