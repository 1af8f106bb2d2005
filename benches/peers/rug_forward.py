"""The rug's forward pass without its matrices against two dense products in PyTorch and JAX, in turn, on two threads.

usage, from the repository root: python benches/peers/rug_forward.py      (pip install torch jax)

1024 samples, p = 0.01, n_s = 8192, n_d = 4096, f32. Prints median milliseconds and ratios; `cargo bench` is called for
this side before and after the peers, and the slower of the two counts."""
import json, os, pathlib, subprocess, sys, time

NS, ND, P, B, THREADS, CALLS = 8192, 4096, 0.01, 1024, 2, 15


def median_ms(call):
    call()
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times)[CALLS // 2]


def torch_ms():
    import torch as t

    t.set_num_threads(THREADS)
    t.manual_seed(0)
    encoder, decoder, bias = t.randn(ND, NS) / ND**0.5, t.randn(NS, ND) / ND**0.5, t.full((NS,), -0.3)
    x = t.where(t.rand(B, NS) < P, t.rand(B, NS), 0.0)
    with t.no_grad():
        return t.__version__, median_ms(lambda: t.relu(t.addmm(bias, x @ encoder.T, decoder.T)))


def jax_ms():
    import jax, jax.numpy as jnp

    k = jax.random.split(jax.random.PRNGKey(0), 4)
    encoder, decoder = jax.random.normal(k[0], (ND, NS)) / ND**0.5, jax.random.normal(k[1], (NS, ND)) / ND**0.5
    x = jnp.where(jax.random.uniform(k[2], (B, NS)) < P, jax.random.uniform(k[3], (B, NS)), 0.0)
    forward = jax.jit(lambda x, e, d: jax.nn.relu(x @ e.T @ d.T - 0.3))
    return jax.__version__, median_ms(lambda: forward(x, encoder, decoder).block_until_ready())


def own_ms():
    """Medians of criterion's benchmarks `forward`, by name."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "criterion"
    command = "cargo bench -q -p toy-superposition --bench rug -- --noplot --measurement-time 3 matrix-free"
    environment = os.environ | {"RAYON_NUM_THREADS": str(THREADS)}
    subprocess.run(command.split(), env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folders = target.glob("forward*/matrix-free*/new")
    return {f.parent.name: json.loads((f / "estimates.json").read_text())["median"]["point_estimate"] / 1e6 for f in folders}


def apart(name):
    """One peer in a process of its own, so that no thread pool of the other is in its way."""
    out = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


if len(sys.argv) > 1:
    print(json.dumps({"torch": torch_ms, "jax": jax_ms}[sys.argv[1]]()))
    sys.exit()
before = own_ms()
peers = {name: apart(name) for name in ("torch", "jax")}
after = own_ms()
for name, (version, ms) in peers.items():
    print(f"{name + ' ' + version:40} {ms:9.2f} ms")
fastest = min(ms for _, ms in peers.values())
for name in sorted(before):
    ms = max(before[name], after[name])
    print(f"{name:40} {ms:9.2f} ms   {fastest / ms:6.1f} times the faster peer")
