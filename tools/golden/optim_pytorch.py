"""Golden values for crates/optim, from PyTorch and from an independent twin of the paper's stop rules.

usage: python optim_pytorch.py        (pip install torch; writes crates/optim/tests/golden/pytorch.csv)

Each line is comma-separated, the first field says what it is:
  case,NAME,TYPE                              a new optimizer, parameters back at their start
  step,K,PARAMETERS...                        parameters after K steps
  slot,K,NAME,VALUES...                       PyTorch's state after K steps, under this project's slot name
  schedule,NAME,STEP,RATE                     the learning rate of step STEP = 0, 1, ...
  clip,KIND,TYPE,BOUND,NORM,CLIPPED...        clip_grad_norm_ / clip_grad_value_ on the gradient of step 7
  stop,RULE,SEED,STEPS                        losses consumed when the rule stops on the curve of that seed
Gradients, learning rates and loss curves are formulas of exact IEEE operations, written again in the Rust tests.
"""
import pathlib
import warnings

import numpy as np
import torch

warnings.filterwarnings("ignore")
PARAMETERS, STEPS, SHOWN = 8, 120, (1, 2, 3, 10, 40, 120)
START = [1.0, -1.25, 1.5, -1.75, 2.0, -2.25, 2.5, -2.75]
TYPES = {"f32": torch.float32, "f64": torch.float64}
OUT = pathlib.Path(__file__).parents[2] / "crates/optim/tests/golden/pytorch.csv"
lines = []


def gradient(k):
    """Gradient of step k = 0, 1, ...: exact in f32; component 3 is always zero, scales run from 1 to 2^-28."""
    return [0.0 if i == 3 else ((37 * k + 101 * i) % 257 - 96) / 128 * 2.0 ** (-4 * i) for i in range(PARAMETERS)]


def rate(base, k):
    """Learning rate of step k: changes every step."""
    return base * (1 + k % 5) / 4


def text(values):
    return ",".join(repr(float(v)) for v in values)


def run(name, build, base, slots):
    for kind, dtype in TYPES.items():
        parameters = torch.tensor(START, dtype=dtype, requires_grad=True)
        optimizer = build([parameters])
        lines.append(f"case,{name},{kind}")
        for k in range(STEPS):
            parameters.grad = torch.tensor(gradient(k), dtype=dtype)
            optimizer.param_groups[0]["lr"] = rate(base, k)
            optimizer.step()
            if k + 1 in SHOWN:
                lines.append(f"step,{k + 1},{text(parameters.detach())}")
        for theirs, ours in slots.items():
            lines.append(f"slot,{STEPS},{ours},{text(optimizer.state[parameters][theirs])}")


SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
buffer = {"momentum_buffer": "momentum"}
moments = {"exp_avg": "first_moment", "exp_avg_sq": "second_moment"}
run("sgd", lambda p: SGD(p, lr=1), 0.01, {})
run("sgd_decay", lambda p: SGD(p, lr=1, weight_decay=0.07), 0.01, {})
run("sgd_momentum", lambda p: SGD(p, lr=1, momentum=0.85), 0.002, buffer)
run("sgd_dampening", lambda p: SGD(p, lr=1, momentum=0.9, dampening=0.3, weight_decay=0.05), 0.002, buffer)
run("sgd_nesterov", lambda p: SGD(p, lr=1, momentum=0.8, nesterov=True, weight_decay=0.02), 0.002, buffer)
run("adam", lambda p: ADAM(p, lr=1, eps=1e-7), 0.003, moments)
run("adam_settings", lambda p: ADAM(p, lr=1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1), 0.003, moments)
run("adam_fast", lambda p: ADAM(p, lr=1, betas=(0.3, 0.5), eps=1e-5), 0.003, moments)
run("adamw", lambda p: ADAMW(p, lr=1, betas=(0.85, 0.99), eps=1e-6, weight_decay=0.3), 0.003, moments)


def schedule(name, make, shown):
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = make(optimizer)
    for k in range(max(shown) + 1):
        if k in shown:
            lines.append(f"schedule,{name},{k},{optimizer.param_groups[0]['lr']!r}")
        optimizer.step()
        scheduler.step()


S = torch.optim.lr_scheduler
warm = lambda o: S.LinearLR(o, start_factor=1 / 8, total_iters=7)
schedule("warm_up", warm, (0, 1, 5, 7, 8, 50))
schedule("cosine", lambda o: S.CosineAnnealingLR(o, 40, eta_min=0.01), (0, 1, 7, 20, 39, 40))
schedule("warm_up_cosine", lambda o: S.SequentialLR(o, [warm(o), S.CosineAnnealingLR(o, 40, eta_min=0.01)], [8]), (0, 3, 7, 8, 9, 30, 48))

for kind, dtype in TYPES.items():
    for rule, bound in (("norm", 0.25), ("norm", 64.0), ("value", 0.125)):
        p = torch.zeros(PARAMETERS, dtype=dtype, requires_grad=True)
        p.grad = torch.tensor(gradient(7), dtype=dtype)
        if rule == "norm":
            norm = torch.nn.utils.clip_grad_norm_([p], bound)
        else:
            norm = p.grad.abs().max()
            torch.nn.utils.clip_grad_value_([p], bound)
        lines.append(f"clip,{rule},{kind},{bound!r},{float(norm)!r},{text(p.grad)}")


def curve(seed):
    """A falling, noisy loss curve without end: decay and noise depend on the seed."""
    x, k = seed, 0
    while True:
        x = (1103515245 * x + 12345) % 2**31
        yield (1 + 0.05 * (seed % 4) * (x / 2**31)) / (1 + k / (40 + 25 * seed)) + 0.001
        k += 1


def stop_text(losses, window=100):
    seen = []
    for loss in losses:
        seen.append(loss)
        if len(seen) >= 2 * window and not np.mean(seen[-window:]) < np.mean(seen[-2 * window : -window]):
            return len(seen)


def stop_code(losses, window=200, epoch_steps=30, max_epochs=1500):
    seen, change, epoch = [], 9.0, 0
    while change > 0 and epoch < max_epochs:
        if len(seen) > 2 * window:
            change = np.log10(np.mean(seen[-2 * window : -window])) - np.log10(np.mean(seen[-window:]))
        for _ in range(epoch_steps):
            seen.append(next(losses))
        epoch += 1
    return len(seen)


# A curve without noise (seed % 4 == 0) never stops under the text's rule before rounding does: left out there.
lines += [f"stop,text,{seed},{stop_text(curve(seed))}" for seed in (1, 2, 3, 5, 7)]
lines += [f"stop,code,{seed},{stop_code(curve(seed))}" for seed in (1, 2, 3, 5, 6, 7)]
lines += [f"stop,code_short,{seed},{stop_code(curve(seed), 10, 7, 40)}" for seed in (1, 2, 3, 4, 9, 11)]

OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(f"# tools/golden/optim_pytorch.py, torch {torch.__version__.split('+')[0]}\n" + "\n".join(lines) + "\n")
print(f"{len(lines)} lines, {OUT.stat().st_size} bytes")
