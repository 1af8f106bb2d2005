"""The fast recipe beside that of the paper's released code: the loss after a tenth (a quarter at r = 1/2) and after half of
its steps, from random weights, seed by seed.

usage, from the repository root: python benches/recipes.py [--journal FILE] [--seeds S ...] [--points N_S,N_D,P ...] [--torch]

Each run is the example `train`, and its loss is measured on 102,400 fresh samples. With --torch PyTorch trains by the
released recipe in its place (tools/long_training.py), on a GPU if there is one. Runs are kept in the journal, one JSON
object per line, and not repeated. The table has a line per point: the mean loss over p over the seeds that were run, with
the standard error over the seeds where there are several, and the differences of the means and of the worst seed to the
released recipe, in per cent."""
import argparse, json, os, pathlib, statistics, subprocess, sys

POINTS = ["256,64,0.05", "512,128,0.05", "512,256,0.2", "1024,256,0.044", "1024,256,0.2", "2048,512,0.044"]
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--journal", type=pathlib.Path, default=pathlib.Path("out/recipes.jsonl"))
parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
parser.add_argument("--points", nargs="+", default=POINTS)
parser.add_argument("--torch", action="store_true", help="the released recipe by PyTorch")
parser.add_argument("--table", action="store_true", help="print the table of what the journal has, and run nothing")
arguments = parser.parse_args()
arguments.journal.parent.mkdir(parents=True, exist_ok=True)
TRAIN = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release/examples/train"
done = {}
if arguments.journal.exists():
    for line in arguments.journal.read_text().splitlines():
        run = json.loads(line)
        done[tuple(run["key"])] = run


def train(point, seed, recipe, steps=None):
    """The run of `recipe` at a point, from the journal if it is there; None with --table if it is not."""
    key = (point, seed, recipe, steps)
    if key not in done and not arguments.table:
        n_s, n_d, p = point.split(",")
        if arguments.torch and recipe == "code":
            return kept(key, in_torch(point, seed) | {"probability": float(p)})
        command = [str(TRAIN), "--features", n_s, "--hidden", n_d, "--probability", p, "--seed", str(seed)]
        command += ["--recipe", recipe, "--json"] + (["--steps", str(steps)] if steps else [])
        out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        return kept(key, out)
    return done.get(key)


def kept(key, out):
    names = ["steps", "seconds", "loss", "loss_standard_error", "probability"]
    done[key] = {"key": key} | {name: out[name] for name in names}
    with arguments.journal.open("a") as journal:
        print(json.dumps(done[key]), file=journal, flush=True)
    return done[key]


def in_torch(point, seed):
    """The last line of PyTorch's run by the released recipe."""
    journal = arguments.journal.with_suffix(".torch.jsonl")
    command = [sys.executable, "tools/long_training.py", "--journal", journal, f"{point},code,{seed},0"]
    subprocess.run(command, check=True)
    n_s, n_d, p = point.split(",")
    wanted = {"features": int(n_s), "hidden": int(n_d), "probability": float(p), "seed": seed, "steps": 0, "last": True}
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    [line] = [line for line in lines if all(line[name] == value for name, value in wanted.items())]
    return line | {"steps": line["step"]}


def written(runs, reference):
    losses = [run["loss"] / run["probability"] for run in runs]
    error = f" ± {statistics.stdev(losses) / len(losses) ** 0.5:.5f}" if len(losses) > 1 else ""
    worst = max(run["loss"] / other["loss"] for run, other in zip(runs, reference))
    mean = sum(run["loss"] for run in runs) / sum(other["loss"] for other in reference)
    ratio = "" if runs is reference else f" ({100 * (mean - 1):+.1f} %, worst seed {100 * (worst - 1):+.1f} %)"
    return f"{statistics.mean(losses):.5f}{error}{ratio}"


if not arguments.table:
    subprocess.run(["cargo", "build", "-q", "--release", "--example", "train"], check=True)
    for seed in arguments.seeds:
        for point in arguments.points:
            steps = train(point, seed, "code")["steps"]
            share = 4 if point == "512,256,0.2" else 10
            for divisor in (share, 2):
                train(point, seed, "fast", steps // divisor)
print("| (n_s, n_d, p) | seeds | released recipe | its steps | fast, 1/10 of its steps | seeds | fast, 1/2 of its steps |")
print("|---|---|---|---|---|---|---|")
for point in arguments.points:
    released = [run for seed in arguments.seeds if (run := train(point, seed, "code"))]
    if not released:
        continue
    cells = []
    for divisor in (4 if point == "512,256,0.2" else 10, 2):
        pairs = [(train(point, run["key"][1], "fast", run["steps"] // divisor), run) for run in released]
        pairs = [pair for pair in pairs if pair[0]]
        cells += [written(*zip(*pairs)) if pairs else "not run", len(pairs)]
    name = "(" + point.replace(",", ", ") + ")" + (", 1/4 for 1/10" if point == "512,256,0.2" else "")
    steps = ", ".join(str(run["steps"]) for run in released)
    print(f"| {name} | {len(released)} | {written(released, released)} | {steps} | {cells[0]} | {cells[3]} | {cells[2]} |")
