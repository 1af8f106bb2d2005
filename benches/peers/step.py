"""One training step here, in PyTorch and in JAX, in turn, on two threads of one machine.

usage, from the repository root: python benches/peers/step.py [--rounds N]      (pip install torch jax)

Fresh data (1024 samples), forward, backward, Adam, f32, by the recipe of the paper's code. This side's model takes 300
steps before the clock starts, since its cost depends on how sparse the residual is; the peers', whose cost does not
depend on the weights, 20. Each program runs in a process of its own, one after the other, round after round, so that
whatever else the machine does falls on all of them. A line is printed for each point: the medians over the rounds of the
median milliseconds of a step, the ratio to the faster peer, and that to the decode product alone (criterion's benchmark
`decode product alone`, run in every round)."""
import argparse, json, os, pathlib, shutil, subprocess, sys, time

import peer_steps

THREADS, WARM_UP, PEER_WARM_UP = 2, 300, 20
PINNED = ["taskset", "-c", "0,1"] if os.cpu_count() > THREADS and shutil.which("taskset") else []
SHAPES, PROBABILITIES = [(512, 128), (2048, 512), (2048, 1024)], [0.01, 0.1, 0.8]


def timed(step, wait, steps):
    for _ in range(PEER_WARM_UP):
        out = step()
    wait(out)
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        wait(step())
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[steps // 2]


def own_step(n_s, n_d, p, steps):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    command = [target / "release/examples/train", "--features", n_s, "--hidden", n_d, "--probability", p]
    command += ["--steps", WARM_UP + steps, "--warmup", WARM_UP, "--samples", 1024, "--json"]
    environment = os.environ | {"RAYON_NUM_THREADS": str(THREADS)}
    out = subprocess.run(PINNED + [str(word) for word in command], env=environment, check=True, capture_output=True, text=True)
    return "", json.loads(out.stdout.splitlines()[-1])["milliseconds_per_step"]


def apart(name, *point):
    """A peer in a process of its own, so that no thread pool of the other is in its way."""
    command = PINNED + [sys.executable, __file__, "--one", json.dumps([name, *point])]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


def floor(n_s, n_d):
    """Milliseconds of the decode product alone."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")).absolute()
    command = ["cargo", "bench", "-q", "-p", "toy-superposition-benches", "--bench", "step", "--", "--noplot"]
    # criterion writes below the target folder that it is told.
    environment = os.environ | {"RAYON_NUM_THREADS": str(THREADS), "CARGO_TARGET_DIR": str(target)}
    command += [f"decode product alone/\\({n_s}, {n_d}\\)"]
    subprocess.run(PINNED + command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    estimates = json.loads((target / f"criterion/decode product alone/({n_s}, {n_d})/new/estimates.json").read_text())
    return estimates["median"]["point_estimate"] / 1e6


PEERS = {"torch": peer_steps.torch_step, "jax": peer_steps.jax_step}
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
arguments = parser.parse_args()
if arguments.one:
    name, *point, steps = arguments.one
    if name == "torch":
        import torch

        torch.set_num_threads(THREADS)
    version, step, wait = PEERS[name](*point)
    print(json.dumps([version, timed(step, wait, steps)]))
    sys.exit()
subprocess.run(["cargo", "build", "-q", "--release", "--example", "train"], check=True)
print("| (n_s, n_d) | p | here, ms | torch, ms | jax, ms | faster peer / here | here / decode product |")
print("|---|---|---|---|---|---|---|", flush=True)
for n_s, n_d in SHAPES:
    steps = 400 if n_s < 1024 else 20
    for p in PROBABILITIES:
        times = {"floor": [], "here": [], **{name: [] for name in PEERS}}
        for _ in range(arguments.rounds):
            times["floor"].append(floor(n_s, n_d))
            times["here"].append(own_step(n_s, n_d, p, steps)[1])
            for name in PEERS:
                times[name].append(apart(name, n_s, n_d, p, steps)[1])
        least, here, torch, jax = (sorted(rounds)[len(rounds) // 2] for rounds in times.values())
        ratios = f"{min(torch, jax) / here:.2f} | {here / least:.2f}"
        print(f"| ({n_s}, {n_d}) | {p} | {here:.2f} | {torch:.1f} | {jax:.1f} | {ratios} |", flush=True)
