"""One training step of the peers, which `step.py` times on two cores and `gpu_step.py` on a GPU: fresh data (1024 samples),
forward, backward, Adam, f32, by the recipe of the paper's code. Each function returns the peer's version, the step, and what
waits for its result."""

BATCH = 1024


def torch_step(n_s, n_d, p, device="cpu", compiled=False):
    import torch as t

    t.manual_seed(0)
    encoder, decoder = t.nn.Linear(n_s, n_d, bias=False, device=device), t.nn.Linear(n_d, n_s, device=device)
    weights = [*encoder.parameters(), *decoder.parameters()]
    adam = t.optim.Adam(weights, lr=3e-3 / n_s**0.5, eps=1e-7, fused=True if device == "cuda" else None)

    def forward():
        x = t.where(t.rand(BATCH, n_s, device=device) < p, t.rand(BATCH, n_s, device=device), 0.0)
        return t.nn.functional.mse_loss(t.relu(decoder(encoder(x))), x)

    if compiled:
        t._dynamo.reset()
        forward = t.compile(forward, mode="reduce-overhead")

    def step():
        loss = forward()
        adam.zero_grad()
        loss.backward()
        adam.step()
        return loss

    return t.__version__, step, lambda loss: loss.item()


def jax_step(n_s, n_d, p):
    import jax, jax.numpy as jnp

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

    return jax.__version__, step, lambda value: value.block_until_ready()
