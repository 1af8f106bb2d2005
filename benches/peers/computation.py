"""One training step of the residual network of Braun et al. here, in PyTorch and in JAX, in turn, on the same threads of one machine.

usage, from the repository root: python benches/peers/computation.py [--rounds N] [--steps N] [--threads 2]      (pip install torch; jax if wanted)

100 features in 1000 dimensions (fixed random unit vectors), one layer of 50 ReLU neurons, y = x + ReLU(x), p = 0.01, batches of 2048
fresh samples; data, forward, backward, AdamW, f32. `torch` and `jax` are the network as it is written down. `torch composed` has
the same idea as the step here: W_in W_E and W_Eᵀ W_out are multiplied out once per step (x stays dense). Each program runs in a
process of its own, one after the other, round after round. Medians over the rounds of the median milliseconds of a step."""
import argparse, importlib.util, json, os, pathlib, shutil, subprocess, sys, time

BATCH, WARM_UP = 2048, 20
FEATURES, HIDDEN, WIDTH, P = 100, 1000, 50, 0.01


def timed(step, wait, steps):
    for _ in range(WARM_UP):
        out = step()
    wait(out)
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        wait(step())
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[steps // 2]


def torch_step(steps, composed=False):
    import torch as t

    t.set_num_threads(THREADS)
    t.manual_seed(0)
    e = t.randn(FEATURES, HIDDEN)
    e /= e.norm(dim=1, keepdim=True)
    gram = e @ e.T
    w_in = t.nn.Parameter((2 * t.rand(HIDDEN, WIDTH) - 1) / HIDDEN**0.5)
    w_out = t.nn.Parameter((2 * t.rand(WIDTH, HIDDEN) - 1) / WIDTH**0.5)
    adam = t.optim.AdamW([w_in, w_out], lr=3e-3, weight_decay=0.01)

    def step():
        x = t.where(t.rand(BATCH, FEATURES) < P, 2 * t.rand(BATCH, FEATURES) - 1, 0.0)
        if composed:
            y = x @ gram + t.relu(x @ (e @ w_in)) @ (w_out @ e.T)
        else:
            h = x @ e
            y = (h + t.relu(h @ w_in) @ w_out) @ e.T
        loss = t.nn.functional.mse_loss(y, x + t.relu(x))
        adam.zero_grad()
        loss.backward()
        adam.step()
        return loss

    return timed(step, lambda loss: loss.item(), steps)


def jax_step(steps):
    import jax, jax.numpy as jnp

    key = jax.random.PRNGKey(0)
    e = jax.random.normal(jax.random.fold_in(key, 0), (FEATURES, HIDDEN))
    e = e / jnp.linalg.norm(e, axis=1, keepdims=True)
    draw = lambda i, shape, bound: jax.random.uniform(jax.random.fold_in(key, i), shape, minval=-bound, maxval=bound)
    weights = (draw(1, (HIDDEN, WIDTH), HIDDEN**-0.5), draw(2, (WIDTH, HIDDEN), WIDTH**-0.5))
    zeros = jax.tree.map(jnp.zeros_like, weights)

    def loss(weights, x):
        h = x @ e
        y = (h + jax.nn.relu(h @ weights[0]) @ weights[1]) @ e.T
        return jnp.mean((y - x - jax.nn.relu(x)) ** 2)

    @jax.jit
    def update(weights, first, second, count):
        switch, magnitude = jax.random.split(jax.random.fold_in(key, count + 10))
        on = jax.random.uniform(switch, (BATCH, FEATURES)) < P
        x = jnp.where(on, jax.random.uniform(magnitude, (BATCH, FEATURES), minval=-1.0, maxval=1.0), 0.0)
        value, gradient = jax.value_and_grad(loss)(weights, x)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        n = count + 1.0
        move = lambda w, m, v: w * (1 - 3e-5) - 3e-3 * (m / (1 - 0.9**n)) / (jnp.sqrt(v / (1 - 0.999**n)) + 1e-8)
        return jax.tree.map(move, weights, first, second), first, second, value

    state = [weights, zeros, zeros, 0]

    def step():
        *state[:3], value = update(*state)
        state[3] += 1
        return value

    return timed(step, lambda value: value.block_until_ready(), steps)


def own_step(steps):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    command = [target / "release/examples/compute", "--target", "identity+relu", "--features", FEATURES, "--hidden", HIDDEN]
    command += ["--width", WIDTH, "--embedding", "random", "--stack", "residual", "--no-bias", "--probability", P, "--signed"]
    command += ["--batch", BATCH, "--steps", WARM_UP + steps, "--samples", 1024, "--json"]
    environment = os.environ | {"RAYON_NUM_THREADS": str(THREADS)}
    out = subprocess.run(PINNED + [str(word) for word in command], env=environment, check=True, capture_output=True, text=True)
    return json.loads(out.stdout.splitlines()[-1])["milliseconds_per_step"]


def apart(name, steps):
    """A peer in a process of its own, so that no thread pool of another is in its way."""
    command = PINNED + [sys.executable, __file__, "--one", name, "--steps", str(steps), "--threads", str(THREADS)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


PEERS = {"torch": torch_step, "torch composed": lambda steps: torch_step(steps, composed=True)}
if importlib.util.find_spec("jax"):
    PEERS["jax"] = jax_step
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--one", help=argparse.SUPPRESS)
arguments = parser.parse_args()
THREADS = arguments.threads
CORES = ",".join(map(str, range(THREADS)))
PINNED = ["taskset", "-c", CORES] if os.cpu_count() > THREADS and shutil.which("taskset") else []
if arguments.one:
    print(PEERS[arguments.one](arguments.steps))
    sys.exit()
subprocess.run(["cargo", "build", "-q", "--release", "--example", "compute"], check=True)
times = {name: [] for name in ["here", *PEERS]}
for _ in range(arguments.rounds):
    times["here"].append(own_step(arguments.steps))
    for name in PEERS:
        times[name].append(apart(name, arguments.steps))
median = {name: sorted(rounds)[len(rounds) // 2] for name, rounds in times.items()}
for name, rounds in times.items():
    each = ", ".join(f"{milliseconds:.2f}" for milliseconds in rounds)
    print(f"{name:16}{median[name]:8.2f} ms ({each})    {median[name] / median['here']:6.2f} times here")
written = min(milliseconds for name, milliseconds in median.items() if name not in ("here", "torch composed"))
print(f"faster peer as written / here: {written / median['here']:.2f}")
