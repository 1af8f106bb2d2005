"""How many small models are trained per minute, side by side: ours by a sweep, one model per thread; PyTorch (eager and
compiled) and JAX with all models in one batched step. All draw new samples in each step: 1024 per model, p = 0.05, r = 1/4,
Adam, float32.

usage, from the repository root: python benches/peers/side_by_side.py [--features 64 128 256] [--models 24] [--steps 1000]

The peers are timed for 30 steps after 5, and their time is scaled to the number of steps. Ours is the whole sweep, with
its start and the measurements of each model. The columns are models per minute."""
import argparse, os, pathlib, subprocess, tempfile, time

import jax
import jax.numpy as jnp
import torch

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--features", type=int, nargs="+", default=[64, 128, 256])
parser.add_argument("--models", type=int, default=24)
parser.add_argument("--steps", type=int, default=1000)
arguments = parser.parse_args()
P, BATCH, WARM, TIMED = 0.05, 1024, 5, 30
SWEEP = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release/examples/sweep"


def ours(features, threads):
    grid = f"""[experiment]
recipe = "fast"
steps = {arguments.steps}
samples = 4096
exact_rows = 2
keep_weights = false
[[block]]
kinds = ["trained"]
features = [{features}]
probabilities = [{P}]
ratios = [0.25]
seeds = {list(range(arguments.models))}
"""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "grid.toml"
        path.write_text(grid)
        start = time.perf_counter()
        command = [SWEEP, "--grid", path, "--out", f"{folder}/out", "--threads", str(threads)]
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - start


def timed(step):
    for _ in range(WARM):
        step()
    start = time.perf_counter()
    for _ in range(TIMED):
        step()
    return (time.perf_counter() - start) * arguments.steps / TIMED


def in_torch(features, compiled):
    models, hidden = arguments.models, features // 4
    encoder = torch.randn(models, hidden, features).div_(hidden**0.5).requires_grad_()
    decoder = torch.randn(models, features, hidden).div_(features**0.5).requires_grad_()
    bias = torch.zeros(models, features, 1, requires_grad=True)
    parameters = [encoder, decoder, bias]
    adam = torch.optim.Adam(parameters, lr=2.2 / (features * hidden) ** 0.5, betas=(0.9, 0.95), eps=1e-12)

    def loss(x):
        y = torch.relu(torch.baddbmm(bias, decoder, torch.bmm(encoder, x)))
        return ((y - x) ** 2).mean((1, 2)).sum()

    loss = torch.compile(loss) if compiled else loss

    def step():
        x = torch.rand(models, features, BATCH) * (torch.rand(models, features, BATCH) < P)
        adam.zero_grad()
        loss(x).backward()
        adam.step()

    return timed(step)


def in_jax(features):
    models, hidden = arguments.models, features // 4
    keys = jax.random.split(jax.random.key(0), 3)
    w = (
        jax.random.normal(keys[0], (models, hidden, features)) / hidden**0.5,
        jax.random.normal(keys[1], (models, features, hidden)) / features**0.5,
        jnp.zeros((models, features, 1)),
    )
    rate = 2.2 / (features * hidden) ** 0.5

    def loss(w, x):
        encoder, decoder, bias = w
        return ((jax.nn.relu(decoder @ (encoder @ x) + bias) - x) ** 2).mean((1, 2)).sum()

    @jax.jit
    def step(w, first, second, key, count):
        key, values, switches = jax.random.split(key, 3)
        shape = (models, features, BATCH)
        x = jax.random.uniform(values, shape) * (jax.random.uniform(switches, shape) < P)
        gradient = jax.grad(loss)(w, x)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.95 * v + 0.05 * g * g, second, gradient)
        move = lambda w, m, v: w - rate * (m / (1 - 0.9**count)) / (jnp.sqrt(v / (1 - 0.95**count)) + 1e-12)
        return jax.tree.map(move, w, first, second), first, second, key, count + 1

    zeros = jax.tree.map(jnp.zeros_like, w)
    state = [w, zeros, zeros, keys[2], 1.0]

    def run():
        state[:] = jax.block_until_ready(step(*state))

    return timed(run)


print("| n_s | ours, 1 thread | ours, all threads | PyTorch | PyTorch compiled | JAX | ours to the best |")
print("|---|---|---|---|---|---|---|")
for features in arguments.features:
    seconds = [ours(features, 1), ours(features, os.cpu_count())]
    seconds += [in_torch(features, False), in_torch(features, True), in_jax(features)]
    rates = [60 * arguments.models / second for second in seconds]
    ratio = rates[1] / max(rates[2:])
    print(f"| {features} | " + " | ".join(f"{rate:.0f}" for rate in rates) + f" | {ratio:.1f} |", flush=True)
