"""Trains in PyTorch, on a GPU if there is one, far past the step at which the released recipe stops, and keeps a journal of the
loss and of the symmetry of the weights on the way.

usage: python tools/long_training.py --journal FILE.jsonl [--tf32] RUN [RUN ...]          (pip install torch numpy)

A RUN is N_S,N_D,P,RECIPE,SEED,STEPS. RECIPE is `code`, that of the paper's released code, which is continued past its stop
rule, or `fast`, the fast one scaled to STEPS (crates/train/src/recipe.rs). With STEPS = 0, `code` ends where its rule says.
A line of the journal is one JSON object: the run, the step, whether the stop rule spoke there, the loss per feature on
fresh samples with its standard error, mean and standard deviation of W_ii, mean of b, dropped features (|W_ii| <= 0.01
max_j |W_jj|), the largest and the mean Lyapunov ratio (eq. 3), and the mean excess kurtosis of the interference. Runs whose
last line is in the journal are not repeated; a run that was cut off begins again, and its later lines count. The example
`plateau` follows runs of this project's own training in the same way, and draws them."""
import argparse, json, math, pathlib, time
import numpy as np, torch as t

BATCH, EPOCH = 1024, [1024] * 29 + [304]
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("runs", nargs="+", metavar="RUN")
parser.add_argument("--journal", type=pathlib.Path, required=True)
parser.add_argument("--tf32", action="store_true", help="products in TF32, rounded to 10 bits: several times faster")
parser.add_argument("--batches", type=int, default=100, help="fresh batches of 1024 samples at each line")
arguments = parser.parse_args()
device = "cuda" if t.cuda.is_available() else "cpu"
card = t.cuda.get_device_name() if device == "cuda" else "CPU"
t.backends.cuda.matmul.allow_tf32 = arguments.tf32


class Run:
    def __init__(self, features, hidden, probability, recipe, seed, steps):
        self.features, self.hidden, self.probability, self.recipe = features, hidden, probability, recipe
        self.steps = steps
        t.manual_seed(seed)
        self.encoder = t.nn.Linear(features, hidden, bias=False, device=device)
        self.decoder = t.nn.Linear(hidden, features, device=device)
        betas, epsilon = ((0.9, 0.95), 1e-12) if recipe == "fast" else ((0.9, 0.999), 1e-7)
        if recipe == "fast":
            t.nn.init.zeros_(self.decoder.bias)
        self.adam = t.optim.Adam([*self.encoder.parameters(), *self.decoder.parameters()], lr=3e-3 / features**0.5,
                                 betas=betas, eps=epsilon, fused=True)

    def loss(self, samples):
        on = t.rand(samples, self.features, device=device) < self.probability
        x = t.where(on, t.rand(samples, self.features, device=device), 0.0)
        return t.nn.functional.mse_loss(t.relu(self.decoder(self.encoder(x))), x)

    def rate(self, step):
        rate = 2.2 / (self.features * self.hidden) ** 0.5
        warm_up = min(max(self.steps // 20, 30), self.steps // 2)
        if step < warm_up:
            return rate * (step + 1) / warm_up
        return rate * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (self.steps - warm_up)))

    def take(self, step, samples):
        if self.recipe == "fast":
            self.adam.param_groups[0]["lr"] = self.rate(step)
        loss = self.loss(samples)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return loss.detach()

    @t.no_grad()
    def measured(self):
        p, fresh = self.probability, [self.loss(BATCH).item() for _ in range(arguments.batches)]
        w = (self.decoder.weight.double() @ self.encoder.weight.double()).float()
        diagonal = w.diagonal().clone()
        w.fill_diagonal_(0)
        squares, cubes, fourths = ((w.abs() ** k).sum(1).double() for k in (2, 3, 4))
        lyapunov = (cubes / squares**1.5).nan_to_num()
        # Cumulants of one feature from its raw moments p/2, p/3, p/4, p/5.
        m1, m2, m3, m4 = (p / k for k in (2, 3, 4, 5))
        second = m2 - m1**2
        fourth = m4 - 4 * m1 * m3 - 3 * m2**2 + 12 * m1**2 * m2 - 6 * m1**4
        kurtosis = (fourth * fourths / (second * squares) ** 2).nan_to_num()
        return {
            "loss": float(np.mean(fresh)), "loss_standard_error": float(np.std(fresh, ddof=1) / len(fresh) ** 0.5),
            "diagonal": diagonal.mean().item(), "diagonal_sd": diagonal.std(correction=0).item(),
            "bias": self.decoder.bias.mean().item(),
            "dropped": int((diagonal.abs() <= 0.01 * diagonal.abs().max()).sum()),
            "lyapunov_max": lyapunov.max().item(), "lyapunov_mean": lyapunov.mean().item(),
            "kurtosis_mean": kurtosis.mean().item(),
        }


def lines(spec):
    """The lines of one run: at 30, 60, … steps, some ten per decade, at the step where the stop rule speaks, and at the end."""
    features, hidden, probability, recipe, seed, steps = spec
    run, start, losses, change, stopped, seconds = Run(*spec), time.perf_counter(), [], 1.0, None, 0.0
    step, due, most = 0, 30, steps or 45_000
    while step < most:
        if recipe == "code" and stopped is None and len(losses) > 400:
            change = np.log10(np.mean(losses[-400:-200])) - np.log10(np.mean(losses[-200:]))
        sizes = EPOCH if recipe == "code" else [BATCH] * min(30, most - step)
        taken = [run.take(step + k, samples) for k, samples in enumerate(sizes)]
        losses += t.stack(taken).tolist()
        losses, step = losses[-400 - len(sizes):], step + len(sizes)
        stops = bool(recipe == "code" and stopped is None and change <= 0)
        if stops:
            stopped = step
            most = step if steps == 0 else most
        if step >= due or stops or step >= most:
            yield {
                "features": features, "hidden": hidden, "probability": probability, "recipe": recipe, "seed": seed, "steps": steps,
                "step": step, "stops": stops, "last": step >= most, "seconds": round(time.perf_counter() - start, 2),
                "card": card, "tf32": arguments.tf32, "torch": t.__version__,
            } | run.measured()
            due = max(step + 30, int(step * 10**0.1))


arguments.journal.parent.mkdir(parents=True, exist_ok=True)
kept = arguments.journal.read_text().splitlines() if arguments.journal.exists() else []
names = ["features", "hidden", "probability", "recipe", "seed", "steps"]
done = {tuple(line[name] for name in names) for line in map(json.loads, kept) if line["last"]}
for text in arguments.runs:
    n_s, n_d, p, recipe, seed, steps = text.split(",")
    if recipe not in ("code", "fast") or (recipe == "fast" and int(steps) == 0):
        parser.error(f"{text}: the recipe is `code`, or `fast` with a number of steps")
    spec = (int(n_s), int(n_d), float(p), recipe, int(seed), int(steps))
    if spec in done:
        continue
    for line in lines(spec):
        with arguments.journal.open("a") as journal:
            print(json.dumps(line), file=journal, flush=True)
    print(f"{text}: step {line['step']}, {line['seconds']} s, loss/p {line['loss'] / spec[2]:.5f}, dropped {line['dropped']}", flush=True)
