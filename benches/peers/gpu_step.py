"""One training step in PyTorch (eager, and compiled with CUDA graphs) and in JAX, on a GPU (or, to try the script, on the CPU).

usage: python benches/peers/gpu_step.py [--probability P] [--shapes N_S,N_D ...]        (pip install torch jax[cuda13])

Fresh data (1024 samples), forward, backward, Adam, f32, the same programs as `step.py` times on two cores. The
products of lines `tf32` are rounded to TF32, as GPUs do fastest. Prints one JSON object per line: median milliseconds
of a step over 20 groups of 10 steps, each group waited for at its end, after 50 steps that are not counted."""
import argparse, json, os, time

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
BATCH, WARM_UP, GROUPS, GROUP = 1024, 50, 20, 10
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--probability", type=float, default=0.01)
parser.add_argument("--shapes", nargs="+", default=["512,128", "2048,512", "2048,1024", "8192,2048"], metavar="N_S,N_D")
arguments = parser.parse_args()
p = arguments.probability


def timed(step, wait):
    for _ in range(WARM_UP):
        out = step()
    wait(out)
    times = []
    for _ in range(GROUPS):
        start = time.perf_counter()
        for _ in range(GROUP):
            out = step()
        wait(out)
        times.append((time.perf_counter() - start) * 1e3 / GROUP)
    return round(sorted(times)[GROUPS // 2], 4)


def torch_steps(n_s, n_d):
    import torch as t

    for precision in ("f32", "tf32"):
        t.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        for how in ("eager", "compiled"):
            t.manual_seed(0)
            encoder, decoder = t.nn.Linear(n_s, n_d, bias=False, device=device), t.nn.Linear(n_d, n_s, device=device)
            weights = [*encoder.parameters(), *decoder.parameters()]
            adam = t.optim.Adam(weights, lr=3e-3 / n_s**0.5, eps=1e-7, fused=True)

            def loss():
                on = t.rand(BATCH, n_s, device=device) < p
                x = t.where(on, t.rand(BATCH, n_s, device=device), 0.0)
                return t.nn.functional.mse_loss(t.relu(decoder(encoder(x))), x)

            f = t.compile(loss, mode="reduce-overhead") if how == "compiled" else loss

            def step():
                value = f()
                adam.zero_grad()
                value.backward()
                adam.step()
                return value

            yield f"torch {t.__version__} {how}", precision, timed(step, lambda value: value.item())
            t._dynamo.reset()


def jax_steps(n_s, n_d):
    import jax, jax.numpy as jnp

    for precision in ("f32", "tf32"):
        jax.config.update("jax_default_matmul_precision", "highest" if precision == "f32" else "tensorfloat32")
        key, rate = jax.random.PRNGKey(0), 3e-3 / n_s**0.5
        draw = lambda i, shape, bound: jax.random.uniform(jax.random.fold_in(key, i), shape, minval=-bound, maxval=bound)
        weights = (draw(0, (n_d, n_s), n_s**-0.5), draw(1, (n_s, n_d), n_d**-0.5), draw(2, (n_s,), n_d**-0.5))
        zeros = jax.tree.map(jnp.zeros_like, weights)

        def loss(weights, x):
            encoder, decoder, bias = weights
            return jnp.mean((jax.nn.relu(x @ encoder.T @ decoder.T + bias) - x) ** 2)

        @jax.jit
        def update(weights, first, second, count):
            switch, magnitude = jax.random.split(jax.random.fold_in(key, count + 10))
            on = jax.random.uniform(switch, (BATCH, n_s)) < p
            value, gradient = jax.value_and_grad(loss)(weights, jnp.where(on, jax.random.uniform(magnitude, (BATCH, n_s)), 0.0))
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
            n = count + 1.0
            move = lambda w, m, v: w - rate * (m / (1 - 0.9**n)) / (jnp.sqrt(v / (1 - 0.999**n)) + 1e-7)
            return jax.tree.map(move, weights, first, second), first, second, value

        state = [weights, zeros, zeros, 0]

        def step():
            *state[:3], value = update(*state)
            state[3] += 1
            return value

        yield f"jax {jax.__version__}", precision, timed(step, lambda value: value.block_until_ready())


import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
card = torch.cuda.get_device_name() if device == "cuda" else "CPU"
for shape in arguments.shapes:
    n_s, n_d = map(int, shape.split(","))
    for steps in (torch_steps, jax_steps):
        for program, precision, milliseconds in steps(n_s, n_d):
            line = {"card": card, "n_s": n_s, "n_d": n_d, "p": p, "program": program, "precision": precision}
            print(json.dumps(line | {"milliseconds": milliseconds}), flush=True)
