"""Sparse recovery here, by scikit-learn and by NumPy, in turn, on two threads of one machine.

usage, from the repository root: python benches/peers/recovery.py [--samples N]      (pip install numpy scipy scikit-learn)

n_s = 8192, n_d = 2048, p = 0.05, f64, the encoder of a random rug. Three decoders of the same samples:
  NumPy OAMP    the dense matrix, the posterior mean in closed form (scipy.special), 17 iterations, 256 samples
  sklearn OMP   orthogonal_mp on the dense matrix with as many features as are on, 2 samples (it takes seconds for each)
  here          the example `recover` (OAMP and OMP by the fast transform, OMP on the dense matrix), the same numbers of samples
Each answer is compared with the features: all must recover them. Times are per sample."""
import argparse, json, os, pathlib, subprocess, time

THREADS = 2
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = str(THREADS)
import numpy as np
from scipy.special import ndtr
from sklearn.linear_model import orthogonal_mp

NS, ND, P, ITERATIONS = 8192, 2048, 0.05, 17
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--samples", type=int, default=256)
parser.add_argument("--pursued", type=int, default=2, help="samples for scikit-learn's OMP")
arguments = parser.parse_args()


def encoder(rng):
    h = np.ones((1, 1))
    while len(h) < NS:
        h = np.block([[h, h], [h, -h]])
    return np.ascontiguousarray(h[np.sort(rng.choice(NS, ND, replace=False))]) / np.sqrt(ND)


def posterior(r, tau):
    """E[x|r] and Var(x|r) of the paper's feature, each column with its own tau."""
    a, b = r / tau, (r - 1) / tau
    phi = lambda z: np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    mass = np.maximum(ndtr(a) - ndtr(b), 1e-300)
    shift = (phi(a) - phi(b)) / mass
    mean = np.clip(r + tau * shift, 0.0, 1.0)
    second = np.maximum(r * mean + tau**2 - tau * phi(b) / mass, mean**2)
    on = P * mass
    on = on / (on + (1 - P) * phi(a) / tau)
    return on * mean, on * second - (on * mean) ** 2


def oamp(a, y):
    ratio = ND / NS
    x = np.full((NS, y.shape[1]), P / 2)
    for _ in range(ITERATIONS):
        rest = y - a @ x
        r = x + a.T @ rest
        v = (rest**2).sum(axis=0) * ratio / ND
        tau = np.sqrt(v * (1 - ratio) / ratio)
        mean, variance = posterior(r, tau)
        alpha = np.minimum(variance.mean(axis=0) / tau**2, 0.99)
        x = (mean - alpha * r) / (1 - alpha)
    return mean


def here(decoder, samples, operator="rug"):
    command = ["target/release/examples/recover", "--features", NS, "--hidden", ND, "--probability", P, "--json"]
    command += ["--decoder", decoder, "--samples", samples, "--seed", 1, "--operator", operator]
    out = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    found = json.loads(out.splitlines()[-1])
    assert found["success_fraction"] == 1.0, found
    return found["seconds"] / samples, found["iterations"]


subprocess.run(["cargo", "build", "-q", "--release", "--example", "recover"], check=True)
rng = np.random.default_rng(0)
a = encoder(rng)
x = np.where(rng.random((NS, arguments.samples)) < P, rng.random((NS, arguments.samples)), 0.0)
y = a @ x
slowest = lambda runs: max(seconds for seconds, _ in runs)
tell = lambda name, seconds, more: print(f"{name:26}{seconds * 1e3:10.2f} ms per sample, {more}", flush=True)

own = [here("oamp", arguments.samples)]
start = time.perf_counter()
answer = oamp(a, y)
numpy_time = (time.perf_counter() - start) / arguments.samples
own.append(here("oamp", arguments.samples))
error = np.linalg.norm(answer - x, axis=0) / np.linalg.norm(x, axis=0)
tell("NumPy OAMP, dense", numpy_time, f"largest relative error {error.max():.1e}")
tell("here, OAMP on the rug", slowest(own), f"{numpy_time / slowest(own):.1f} times NumPy")
pursuit = [here("omp", 4)]
start = time.perf_counter()
for sample in x[:, : arguments.pursued].T:
    found = orthogonal_mp(a, a @ sample, n_nonzero_coefs=np.count_nonzero(sample))
    assert np.abs(found - sample).max() < 1e-6
sklearn_time = (time.perf_counter() - start) / arguments.pursued
pursuit.append(here("omp", 4))
tell("scikit-learn OMP, dense", sklearn_time, f"{min(numpy_time, sklearn_time) / slowest(own):.1f} times here: OAMP against the faster peer")
tell("here, OMP on the rug", slowest(pursuit), f"{sklearn_time / slowest(pursuit):.1f} times scikit-learn's")
dense = [here("omp", 8, "gaussian")]
tell("here, OMP, dense", slowest(dense), f"{sklearn_time / slowest(dense):.1f} times scikit-learn's")
