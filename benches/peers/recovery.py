"""Sparse recovery here, by scikit-learn, by NumPy and by JAX, in turn, on two threads of one machine.

usage, from the repository root: python benches/peers/recovery.py [--samples N] [--pursued N] [--own N]
                                                             (pip install numpy scipy scikit-learn jax)

n_s = 8192, n_d = 2048, p = 0.05, f64. The decoders:
  OAMP of --samples samples on the encoder of a random rug, 17 iterations (here to a residual of 1e-6, which takes as many):
    NumPy         the dense matrix, the posterior mean in closed form (scipy.special)
    JAX           the same, compiled for the processor (jax.jit, 64 bits); compiling is not counted
    here          the example `recover --decoder oamp`: fast transforms
  OMP on a dense Gaussian matrix, to a residual of 1e-6:
    scikit-learn  orthogonal_mp, and orthogonal_mp_gram, whose Gram matrix is counted as shared by --samples samples;
                  --pursued samples, since each takes seconds
    here          `recover --decoder omp` and `--decoder batch-omp`, --own samples; also on the rug
Each answer is compared with the features, so that all are the same. Own runs before and after a peer's count by the slower.
Times are per sample; the load says how many other processes wanted the two cores."""
import argparse, json, os, pathlib, subprocess, time

THREADS = 2
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = str(THREADS)
os.environ["JAX_PLATFORMS"] = "cpu"
import jax, jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr as jax_ndtr
from scipy.special import ndtr
from sklearn.linear_model import orthogonal_mp, orthogonal_mp_gram

jax.config.update("jax_enable_x64", True)
NS, ND, P, ITERATIONS = 8192, 2048, 0.05, 17
RATIO = ND / NS
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--samples", type=int, default=256)
parser.add_argument("--pursued", type=int, default=2, help="samples for scikit-learn's OMP")
parser.add_argument("--own", type=int, default=64, help="samples for the OMP here")
arguments = parser.parse_args()


def rug(rng):
    h = np.ones((1, 1))
    while len(h) < NS:
        h = np.block([[h, h], [h, -h]])
    return np.ascontiguousarray(h[np.sort(rng.choice(NS, ND, replace=False))]) / np.sqrt(ND)


def posterior(r, tau, xp, ndtr):
    """E[x|r] and Var(x|r) of the paper's feature, each column with its own tau."""
    a, b = r / tau, (r - 1) / tau
    phi = lambda z: xp.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    mass = xp.maximum(ndtr(a) - ndtr(b), 1e-300)
    shift = (phi(a) - phi(b)) / mass
    mean = xp.clip(r + tau * shift, 0.0, 1.0)
    second = xp.maximum(r * mean + tau**2 - tau * phi(b) / mass, mean**2)
    on = P * mass
    on = on / (on + (1 - P) * phi(a) / tau)
    return on * mean, on * second - (on * mean) ** 2


def layer(a, y, x, xp=np, ndtr=ndtr):
    """The answer of a layer that starts at x, and where the next one starts."""
    rest = y - a @ x
    r = x + a.T @ rest
    v = (rest**2).sum(axis=0) * RATIO / ND
    tau = xp.sqrt(v * (1 - RATIO) / RATIO)
    mean, variance = posterior(r, tau, xp, ndtr)
    alpha = xp.minimum(variance.mean(axis=0) / tau**2, 0.99)
    return mean, (mean - alpha * r) / (1 - alpha)


def numpy_oamp(a, y):
    x = np.full((NS, y.shape[1]), P / 2)
    for _ in range(ITERATIONS):
        mean, x = layer(a, y, x)
    return mean


@jax.jit
def jax_oamp(a, y):
    x = jnp.full((NS, y.shape[1]), P / 2)
    return jax.lax.fori_loop(0, ITERATIONS, lambda _, state: layer(a, y, state[1], jnp, jax_ndtr), (x, x))[0]


def here(decoder, samples, operator="rug"):
    command = ["target/release/examples/recover", "--features", NS, "--hidden", ND, "--probability", P, "--json"]
    command += ["--decoder", decoder, "--samples", samples, "--seed", 1, "--operator", operator]
    out = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    found = json.loads(out.splitlines()[-1])
    assert found["success_fraction"] == 1.0, found
    # E x^2 = p/3.
    return found["seconds"] / samples, np.sqrt(3 * found["loss_over_p"])


def timed(work):
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def tell(name, seconds, more):
    print(f"{name:34}{seconds * 1e3:10.2f} ms per sample, {more}", flush=True)


def own(name, runs, peers):
    seconds, error = max(runs)
    ratios = ", ".join(f"{peer / seconds:.1f} times {whose}" for whose, peer in peers)
    tell(name, seconds, f"relative error {error:.0e}: {ratios}")


subprocess.run(["cargo", "build", "-q", "--release", "--example", "recover"], check=True)
print(f"load {os.getloadavg()[0]:.1f} before")
rng = np.random.default_rng(0)
a = rug(rng)
x = np.where(rng.random((NS, arguments.samples)) < P, rng.random((NS, arguments.samples)), 0.0)
y = a @ x
error = lambda answer: (np.linalg.norm(answer - x, axis=0) / np.linalg.norm(x, axis=0)).max()
runs = [here("oamp", arguments.samples)]
numpy_time, answer = timed(lambda: numpy_oamp(a, y))
tell("NumPy OAMP, dense", numpy_time / arguments.samples, f"largest relative error {error(answer):.0e}")
runs.append(here("oamp", arguments.samples))
on_device = jnp.asarray(a), jnp.asarray(y)
jax_oamp(*on_device).block_until_ready()
jax_time, answer = timed(lambda: jax_oamp(*on_device).block_until_ready())
tell("JAX OAMP, dense", jax_time / arguments.samples, f"largest relative error {error(np.asarray(answer)):.0e}")
runs.append(here("oamp", arguments.samples))
oamp_peers = {"NumPy": numpy_time / arguments.samples, "JAX": jax_time / arguments.samples}
own("here, OAMP, rug", runs, oamp_peers.items())
del on_device, answer

a = np.asfortranarray(rng.standard_normal((ND, NS)) / np.sqrt(ND))
gram_time, gram = timed(lambda: a.T @ a)
direct_time, by_gram_time = [], []
omp = [here("omp", arguments.own, "gaussian")]
for sample in x[:, : arguments.pursued].T:
    measured, copy = a @ sample, np.asfortranarray(gram.copy())
    square = measured @ measured
    # scikit-learn's tolerance is that of a squared norm.
    seconds, found = timed(lambda: orthogonal_mp(a, measured, tol=1e-12 * square))
    direct_time.append(seconds)
    assert np.linalg.norm(found - sample) < 1e-5 * np.linalg.norm(sample)
    products, squares = (a.T @ measured)[:, None], np.array([square])
    seconds, found = timed(
        lambda: orthogonal_mp_gram(copy, products, tol=1e-12 * square, norms_squared=squares, copy_Gram=False)
    )
    by_gram_time.append(seconds + gram_time / arguments.samples)
    assert np.linalg.norm(found - sample) < 1e-5 * np.linalg.norm(sample)
del gram, copy
direct, by_gram = np.mean(direct_time), np.mean(by_gram_time)
tell("scikit-learn OMP, dense", direct, "relative error below 1e-5")
tell("scikit-learn OMP, Gram matrix", by_gram, "relative error below 1e-5")
omp.append(here("omp", arguments.own, "gaussian"))
peers = [("scikit-learn", direct), ("with its Gram matrix", by_gram)]
own("here, OMP, dense", omp, peers)
own("here, batch OMP, dense", [here("batch-omp", arguments.own, "gaussian")], peers)
own("here, OMP, rug", [here("omp", arguments.own)], peers)
fastest = min(*oamp_peers.values(), direct, by_gram)
print(f"OAMP here is {fastest / max(runs)[0]:.1f} times the fastest of all peers; load {os.getloadavg()[0]:.1f} after")
