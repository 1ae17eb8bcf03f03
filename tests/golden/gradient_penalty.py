"""The numbers of tests/graph/gradient_penalty_test.cc, from PyTorch in double: prints its table."""
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def values(shape, seed):
    n = math.prod(shape)
    return torch.tensor([0.5 * math.sin(0.7 * (i + 1) + seed) for i in range(n)]).reshape(shape).requires_grad_()


SHAPES = {
    "x": (4, 2, 6, 6), "conv": (3, 2, 3, 3), "conv_bias": (3,), "hidden": (10, 12), "hidden_bias": (10,),
    "scale": (10,), "shift": (10,), "last": (5, 10), "last_bias": (5,),
}
p = {name: values(shape, seed) for seed, (name, shape) in enumerate(SHAPES.items())}
target = torch.tensor([0, 3, 1, 4])

h = F.max_pool2d(F.elu(F.conv2d(p["x"], p["conv"], p["conv_bias"])), 2).flatten(1)
h = F.silu(F.layer_norm(F.linear(h, p["hidden"], p["hidden_bias"]), (10,), p["scale"], p["shift"]))
loss = F.cross_entropy(F.linear(h, p["last"], p["last_bias"]), target)
(dx,) = torch.autograd.grad(4 * loss, p["x"], create_graph=True)
penalty = ((dx.flatten(1).norm(dim=1) - 1) ** 2).mean()
total = loss + 10 * penalty
total.backward()
print(f"    // cross entropy {loss.item():.12g}, penalty {penalty.item():.12g}")
for name, shape in SHAPES.items():
    g = p[name].grad
    dot, length = (g * values(shape, 9)).sum().item(), g.norm().item()
    print(f'    {{"{name}", {{{", ".join(map(str, shape))}}}, {dot:.12g}, {length:.12g}}},')
print(f"    constexpr double kTotal = {total.item():.12g};")
