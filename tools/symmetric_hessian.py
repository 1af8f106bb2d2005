"""Is the symmetric solution a minimum? The lowest eigenvalues of the Hessian of the expected loss at Persian rugs, or at the
weights of files, such as the optima of the example `mean_field`.

usage: python tools/symmetric_hessian.py [--probability P] [--ratio R] [--seed S] [--save FOLDER] [--weights FILE ...]
       [N_S ...]       (pip install numpy scipy safetensors)

The loss is that of y = ReLU(W x + b), W = decoder encoder, summed over the rows and divided by p, for Gaussian interference
with Edgeworth's terms of the third and fourth cumulants (docs/theory.md). The rug is that of a random set S, tied, with a gain
for each of its Hadamard rows and one bias. In these n_d + 1 numbers the loss is minimised first; by the symmetry of the rug
the gradient then vanishes in all weights. Optima of the loss without Edgeworth's terms keep a slope. The Hessian in encoder,
decoder and bias is met through central differences of the gradient, and its two ends are found by Lanczos. Written: the loss
over p per feature, the largest slope, the lowest and highest eigenvalue, and where along the lowest one's vector the loss per
feature is least. With --save the weights at both places are written, for the example `check`, which knows their exact loss."""
import argparse
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.linalg import hadamard
from scipy.optimize import minimize, minimize_scalar
from scipy.sparse.linalg import LinearOperator, eigsh

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("features", type=int, nargs="*")
parser.add_argument("--weights", nargs="*", default=[])
parser.add_argument("--save", type=pathlib.Path)
parser.add_argument("--probability", type=float, default=0.05)
parser.add_argument("--ratio", type=float, default=0.25)
parser.add_argument("--seed", type=int, default=0)
arguments = parser.parse_args()
p = arguments.probability

# Cumulants of x = c u from its moments p/(k + 1).
m1, m2, m3, m4 = (p / (k + 1) for k in range(1, 5))
C2, C3 = m2 - m1**2, m3 - 3 * m2 * m1 + 2 * m1**3
C4 = m4 - 4 * m3 * m1 - 3 * m2**2 + 12 * m2 * m1**2 - 6 * m1**4
# Midpoints in z, where the kink of the ReLU costs h², and Gauss's nodes in u.
Z = np.linspace(-8, 8, 241)[:-1] + 8 / 240
GAUSS = np.exp(-0.5 * Z**2) / np.sqrt(2 * np.pi) * (16 / 240)
HERMITE = np.stack([np.polynomial.hermite_e.hermeval(Z, np.eye(9)[k]) * GAUSS for k in range(9)])
U, WU = np.polynomial.legendre.leggauss(12)
U, WU = 0.5 * (U + 1), 0.5 * WU


def rows(a, b, s2, k3, k4):
    """The loss of each row over p, and its derivatives by a, b, σ², κ₃, κ₄; G_k is the mean of the k-th derivative."""
    s = np.sqrt(s2)[:, None]
    t = b[:, None] + s * Z
    h = (1 - p) * np.maximum(t, 0) ** 2
    ha = np.zeros_like(t)
    for u, w in zip(U, WU):
        y = np.maximum(a[:, None] * u + t, 0)
        h += p * w * (u - y) ** 2
        ha -= 2 * p * w * u * (u - y) * (y > 0)
    g = h @ HERMITE.T / s ** np.arange(9)
    ga = ha @ HERMITE.T / s ** np.arange(9)
    edge = lambda g, k: g[:, k] + k3 / 6 * g[:, k + 3] + k4 / 24 * g[:, k + 4] + k3**2 / 72 * g[:, k + 6]
    values = edge(g, 0), edge(ga, 0), edge(g, 1), 0.5 * edge(g, 2), g[:, 3] / 6 + k3 / 36 * g[:, 6], g[:, 4] / 24
    return [value / p for value in values]


def loss_and_gradient(w, bias):
    """The sum of the rows' losses over p, and its gradient by W and b."""
    a = np.diag(w).copy()
    off = w - np.diag(a)
    moments = (off**2).sum(1) * C2, (off**3).sum(1) * C3, (off**4).sum(1) * C4
    loss, da, db, ds2, d3, d4 = rows(a, bias + m1 * off.sum(1), *moments)
    slope = m1 * db[:, None] + 2 * C2 * ds2[:, None] * off + 3 * C3 * d3[:, None] * off**2 + 4 * C4 * d4[:, None] * off**3
    np.fill_diagonal(slope, da)
    return loss.sum(), slope, db


def rug(n):
    """A rug of n features, encoder, decoder and bias, with the best gains of its rows and the best bias."""
    d = int(n * arguments.ratio)
    frame = hadamard(n)[rng.permutation(np.arange(1, n))[:d]] / np.sqrt(n)

    def symmetric(x):
        loss, slope, db = loss_and_gradient((frame.T * x[:-1]) @ frame, np.full(n, x[-1]))
        return loss / n, np.append(((frame @ slope) * frame).sum(1), db.sum()) / n

    start = np.append(np.full(d, 1.2 / arguments.ratio), -0.1)
    best = minimize(symmetric, start, jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-14, "gtol": 1e-9})
    if best.x[:-1].min() < 0:
        sys.exit("a gain below 0: not a tied rug")
    root = np.sqrt(best.x[:-1])[:, None] * frame
    return root, root.T, np.full(n, best.x[-1])


def of_file(path):
    """The weights of a file, scaled such that encoder and decoder share the singular values of their product."""
    tensors = load_file(path)
    encoder, bias = tensors["encoder"].astype(float), tensors["bias"].astype(float)
    u, values, v = np.linalg.svd(tensors.get("decoder", encoder.T).astype(float) @ encoder)
    root = np.sqrt(values[: len(encoder)])
    return root[:, None] * v[: len(encoder)], u[:, : len(encoder)] * root, bias


def examine(name, encoder, decoder, bias):
    (d, n), size = encoder.shape, encoder.size
    centre = np.concatenate([encoder.ravel(), decoder.ravel(), bias])

    def at(x):
        encoder, decoder, bias = x[:size].reshape(d, n), x[size : 2 * size].reshape(n, d), x[2 * size :]
        loss, slope, db = loss_and_gradient(decoder @ encoder, bias)
        return loss, np.concatenate([(decoder.T @ slope).ravel(), (slope @ encoder.T).ravel(), db])

    def times(v, step=1e-4):
        v = v.ravel()
        scale = step / np.linalg.norm(v)
        return (at(centre + scale * v)[1] - at(centre - scale * v)[1]) / (2 * scale)

    hessian = LinearOperator((centre.size, centre.size), matvec=times, dtype=float)
    ends, vectors = eigsh(hessian, k=2, which="BE", tol=1e-2, ncv=40, v0=rng.normal(size=centre.size))
    loss, slope = at(centre)
    # The vector's sign is the one in which the loss falls first, if its slope is not 0.
    vector = vectors[:, 0] * (-1 if slope @ vectors[:, 0] > 0 else 1)
    along = minimize_scalar(lambda t: at(centre + t * vector)[0] / n, bracket=(0, 0.3), tol=1e-3)
    print(
        f"{name}, n_s {n}, n_d {d}, p {p}: loss/p {loss / n:.5f}, largest slope {np.abs(slope).max():.1e}, "
        f"eigenvalues {ends[0]:.4f} … {ends[1]:.4f}, along the lowest at {along.x:.2f}: loss/p {along.fun:.5f}",
        flush=True,
    )
    if arguments.save:
        arguments.save.mkdir(parents=True, exist_ok=True)
        for place, x in [("symmetric", centre), ("lowest", centre + along.x * vector)]:
            tensors = {"encoder": x[:size].reshape(d, n), "decoder": x[size : 2 * size].reshape(n, d), "bias": x[2 * size :]}
            tensors = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
            save_file(tensors, arguments.save / f"{pathlib.Path(name).stem.replace(' ', '_')}_{n}_{place}.safetensors")


for n in arguments.features:
    rng = np.random.default_rng(arguments.seed)
    examine(f"rug of seed {arguments.seed}", *rug(n))
for path in arguments.weights:
    rng = np.random.default_rng(arguments.seed)
    examine(path, *of_file(path))
