"""Seconds until the loss that the paper's released recipe ends at: PyTorch by that recipe, and this side by the fast one.

usage, from the repository root: python benches/peers/train.py [--point N_S N_D P] [--seed S]      (pip install torch numpy)

PyTorch trains by the released recipe, its stop rule included, in a process of its own on two threads, and its loss is
measured on 100 fresh batches. Then this side's example `train` runs the fast recipe from random weights on two threads,
for 100 steps, then 125, 156, …, each run from the beginning, until the loss of one, on 102,400 fresh samples, is not above
PyTorch's. The seconds are those of the training alone on both sides: of all steps of PyTorch's run, of all steps of the
first run here that is as good, and, for whoever does not know how many steps that takes, of all runs up to it."""
import argparse, json, os, pathlib, shutil, subprocess, sys, time

THREADS, BATCH = 2, 1024
PINNED = ["taskset", "-c", "0,1"] if os.cpu_count() > THREADS and shutil.which("taskset") else []


def torch_run(n_s, n_d, p, seed):
    import numpy as np, torch as t

    t.set_num_threads(THREADS)
    t.manual_seed(seed)
    encoder, decoder = t.nn.Linear(n_s, n_d, bias=False), t.nn.Linear(n_d, n_s)
    adam = t.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3 / n_s**0.5, eps=1e-7)

    def loss_on(samples):
        x = t.where(t.rand(samples, n_s) < p, t.rand(samples, n_s), 0.0)
        return t.nn.functional.mse_loss(t.relu(decoder(encoder(x))), x)

    losses, change, epoch, start = [], 1.0, 0, time.perf_counter()
    while change > 0 and epoch < 1500:
        if len(losses) > 400:
            change = np.log10(np.mean(losses[-400:-200])) - np.log10(np.mean(losses[-200:]))
        for samples in [BATCH] * 29 + [304]:
            loss = loss_on(samples)
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        epoch += 1
    seconds = time.perf_counter() - start
    with t.no_grad():
        fresh = [loss_on(BATCH).item() for _ in range(100)]
    return {"version": t.__version__, "steps": len(losses), "seconds": seconds, "loss": float(np.mean(fresh))}


def own_run(n_s, n_d, p, seed, steps):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    command = [target / "release/examples/train", "--features", n_s, "--hidden", n_d, "--probability", p]
    command += ["--recipe", "fast", "--steps", steps, "--seed", seed, "--json"]
    environment = os.environ | {"RAYON_NUM_THREADS": str(THREADS)}
    out = subprocess.run(PINNED + [str(word) for word in command], env=environment, check=True, capture_output=True, text=True)
    return json.loads(out.stdout.splitlines()[-1])


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--point", nargs=3, default=["512", "128", "0.05"], metavar=("N_S", "N_D", "P"))
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
arguments = parser.parse_args()
point = (int(arguments.point[0]), int(arguments.point[1]), float(arguments.point[2]), arguments.seed)
if arguments.one:
    print(json.dumps(torch_run(*point)))
    sys.exit()
subprocess.run(["cargo", "build", "-q", "--release", "--example", "train"], check=True)
command = PINNED + [sys.executable, __file__, "--one", "--point", *arguments.point, "--seed", str(arguments.seed)]
peer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
p = point[2]
print(f"torch {peer['version']}, released recipe: {peer['steps']} steps, {peer['seconds']:.1f} s, loss/p {peer['loss'] / p:.5f}", flush=True)
steps, total = 100, 0.0
while True:
    here = own_run(*point, int(steps))
    total += here["seconds"]
    print(f"here, fast recipe: {here['steps']} steps, {here['seconds']:.2f} s, loss/p {here['loss'] / p:.5f}", flush=True)
    if here["loss"] <= peer["loss"]:
        break
    steps *= 1.25
    if steps > peer["steps"]:
        sys.exit("as many steps as PyTorch's do not do")
print(f"ratio: {peer['seconds'] / here['seconds']:.0f} times, {peer['seconds'] / total:.0f} with all runs before it")
