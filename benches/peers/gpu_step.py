"""One training step in PyTorch (eager, and compiled with CUDA graphs) and in JAX, on a GPU (or, to try the script, on the CPU).

usage: python benches/peers/gpu_step.py [--probability P] [--shapes N_S,N_D ...]        (pip install torch jax[cuda13])

Fresh data (1024 samples), forward, backward, Adam, f32, the same programs as `step.py` times on two cores. The
products of lines `tf32` are rounded to TF32, as GPUs do fastest. Prints one JSON object per line: median milliseconds
of a step over 20 groups of 10 steps, each group waited for at its end, after 50 steps that are not counted."""
import argparse, json, os, time

# Before JAX is imported: it would take most of the card's memory.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
import jax, torch

import peer_steps

WARM_UP, GROUPS, GROUP = 50, 20, 10
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


def programs(n_s, n_d, precision):
    """Name, step and wait of each program in turn."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    for compiled in (False, True):
        version, step, wait = peer_steps.torch_step(n_s, n_d, p, device, compiled)
        yield f"torch {version} {'compiled' if compiled else 'eager'}", step, wait
    jax.config.update("jax_default_matmul_precision", "highest" if precision == "f32" else "tensorfloat32")
    version, step, wait = peer_steps.jax_step(n_s, n_d, p)
    yield f"jax {version}", step, wait


device = "cuda" if torch.cuda.is_available() else "cpu"
card = torch.cuda.get_device_name() if device == "cuda" else "CPU"
for shape in arguments.shapes:
    n_s, n_d = map(int, shape.split(","))
    for precision in ("f32", "tf32"):
        for program, step, wait in programs(n_s, n_d, precision):
            line = {"card": card, "n_s": n_s, "n_d": n_d, "p": p, "program": program, "precision": precision}
            print(json.dumps(line | {"milliseconds": timed(step, wait)}), flush=True)
