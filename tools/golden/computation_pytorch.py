"""Golden values for crates/computation, from PyTorch's autograd in double precision.

usage: python computation_pytorch.py        (pip install torch; writes crates/computation/tests/golden/pytorch.csv)

Each line is comma-separated, the first field says what it is:
  case,NAME               a network; NAME is that of the case in the Rust test
  loss,VALUE              its loss on the batch
  gradient,VALUES...      with respect to all parameters, in their order
Weights, embedding and samples are formulas of exact IEEE operations, written again in the Rust test. Matrices lie by columns.
"""
import pathlib

import torch

torch.set_default_dtype(torch.float64)
OUT = pathlib.Path(__file__).parents[2] / "crates/computation/tests/golden/pytorch.csv"
FEATURES, HIDDEN, WIDTH, SAMPLES = 5, 4, 3, 6
lines = []


def entry(k, modulus, scale):
    """Number k of a list: a fraction with few digits."""
    return ((k * 37 + 11) % modulus - modulus // 2) / scale


def by_columns(values, rows, columns):
    return torch.tensor(values).reshape(columns, rows).T


def batch():
    """Features x samples: about half of them 0, of both signs."""
    x = [entry(k, 23, 16.0) if k % 2 == 0 or k % 5 == 1 else 0.0 for k in range(FEATURES * SAMPLES)]
    return by_columns(x, FEATURES, SAMPLES)


def run(name, layers, residual, learned, transpose, outputs, bias, output_bias, relu, linear, target, importance):
    embedding = [entry(k + 3, 19, 16.0) for k in range(HIDDEN * FEATURES)]
    shapes, read = [], HIDDEN if residual or layers == 0 else WIDTH
    if learned:
        shapes.append(("embedding", HIDDEN, FEATURES))
    for part in range(layers if residual else 0):
        shapes.append((f"input{part}", WIDTH, HIDDEN))
    for part in range(layers if residual else 0):
        shapes.append((f"output{part}", HIDDEN, WIDTH))
    if layers and not residual:
        shapes.append(("first", WIDTH, HIDDEN))
        shapes += [(f"middle{part}", WIDTH, WIDTH) for part in range(1, layers)]
    for part in range(layers if bias else 0):
        shapes.append((f"bias{part}", WIDTH, 1))
    if not transpose:
        shapes.append(("readout", outputs, read))
    if output_bias:
        shapes.append(("output_bias", outputs, 1))
    k, p, order = 0, {}, []
    for what, rows, columns in shapes:
        size = rows * columns
        values = embedding if what == "embedding" else [entry(k + j, 29, 32.0) for j in range(size)]
        k += size
        leaf = torch.tensor(values, requires_grad=True)
        order.append(leaf)
        p[what] = leaf.reshape(columns, rows).T
    e = p.get("embedding", by_columns(embedding, HIDDEN, FEATURES))
    x = batch()
    h = e @ x
    for l in range(layers):
        w = p[f"input{l}"] if residual else p["first"] if l == 0 else p[f"middle{l}"]
        z = w @ h + (p[f"bias{l}"] if bias else 0.0)
        r = z if l in linear else torch.relu(z)
        h = h + p[f"output{l}"] @ r if residual else r
    y = (e.T if transpose else p["readout"]) @ h + (p["output_bias"] if output_bias else 0.0)
    y = torch.relu(y) if relu else y
    wanted = {
        "relu": lambda: torch.relu(x),
        "abs": lambda: torch.abs(x),
        "product": lambda: torch.stack([x[0] * x[1], x[1] * x[4], x[2] * x[3] * x[0]]),
    }[target]()
    weights = torch.tensor([1.0 + i / 4 for i in range(outputs)]) if importance else torch.ones(outputs)
    loss = (weights[:, None] * (y - wanted) ** 2).mean()
    loss.backward()
    gradient = torch.cat([leaf.grad.reshape(-1) for leaf in order])
    lines.append(f"case,{name}")
    lines.append(f"loss,{loss.item()!r}")
    lines.append("gradient," + ",".join(repr(float(v)) for v in gradient))


#    name                    layers residual learned transpose outputs bias output_bias relu linear target importance
run("braun", 1, True, False, True, 5, False, False, False, [], "relu", False)
run("residual", 3, True, True, True, 5, True, True, False, [1], "abs", True)
run("residual_readout", 2, True, True, False, 3, True, True, True, [], "product", True)
run("residual_fixed_readout", 2, True, False, False, 3, True, False, False, [], "product", False)
run("plain", 3, False, False, False, 3, True, True, False, [1], "product", True)
run("plain_learned", 2, False, True, False, 5, False, True, True, [], "abs", False)
run("autoencoder", 0, True, True, False, 5, False, True, True, [], "relu", True)
run("tied", 0, False, True, True, 5, False, True, True, [], "relu", False)

OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text("\n".join(lines) + "\n")
print(f"{OUT}: {len(lines)} lines")
