#!/usr/bin/env python3
"""Records what batch renormalisation does in a small training: batchrenorm.inc, which batchrenorm_test.cc reads. The
formulas of the paper (Ioffe, 2017) in float64, with the gradient by hand, r and d as constants. Needs NumPy alone; the
tests need no Python.

    python3 tests/train/batchrenorm.py

The network is a convolution of kernel 1 without a bias, and the normalisation; the loss the mean squared error; the
optimizer plain gradient descent. Each run is LIMITS(max_r, max_d), then for each of its steps STEP(weights of the
convolution, weight, bias, running_mean, running_var), and EVALUATED(predictions of the first batch). Both limits of r
and of d are met by the second.
"""

import pathlib

import numpy as np

STEPS, BATCH, C, L = 3, 6, 3, 4
RATE, MOMENTUM, EPSILON = 0.5, 0.3, 1e-3
LIMITS = [(1.0, 0.0), (1.2, 0.3), (3.0, 5.0)]


def made(count, a, b):
    """What the test makes, too: multiples of 1/8, which are exact."""
    return (np.arange(count) * a % b) / 8.0 - 1


def numbers(x):
    return "{" + ", ".join(f"{v:.9g}" for v in np.ravel(x)) + "}"


def step(s, x, target, max_r, max_d):
    u = np.einsum("kc,ncl->nkl", s["conv"], x)
    n = BATCH * L
    mean, var = u.mean((0, 2)), u.var((0, 2))
    rstd = 1 / np.sqrt(var + EPSILON)
    sigma = np.sqrt(s["var"] + EPSILON)
    r = np.clip(1 / (rstd * sigma), 1 / max_r, max_r)
    d = np.clip((mean - s["mean"]) / sigma, -max_d, max_d)
    column = lambda v: v[None, :, None]
    xhat = (u - column(mean)) * column(rstd)
    y = column(s["weight"]) * (xhat * column(r) + column(d)) + column(s["bias"])

    dy = 2 * (y - target) / y.size
    dweight = (dy * (xhat * column(r) + column(d))).sum((0, 2))
    dxhat = dy * column(s["weight"] * r)
    du = column(rstd) * (dxhat - column(dxhat.sum((0, 2))) / n - xhat * column((dxhat * xhat).sum((0, 2))) / n)
    return {
        "conv": s["conv"] - RATE * np.einsum("nkl,ncl->kc", du, x),
        "weight": s["weight"] - RATE * dweight,
        "bias": s["bias"] - RATE * dy.sum((0, 2)),
        "mean": (1 - MOMENTUM) * s["mean"] + MOMENTUM * mean,
        "var": (1 - MOMENTUM) * s["var"] + MOMENTUM * var * n / (n - 1),
    }


def main():
    x = made(STEPS * BATCH * C * L, 7, 19).reshape(STEPS, BATCH, C, L)
    target = made(STEPS * BATCH * C * L, 5, 17).reshape(STEPS, BATCH, C, L)
    out = ["// Made by tests/train/batchrenorm.py in float64."]
    for max_r, max_d in LIMITS:
        s = {"conv": made(C * C, 3, 11).reshape(C, C), "weight": np.array([1.0, 0.5, -0.75]),
             "bias": np.array([0.25, 0.0, -0.5]), "mean": np.array([0.5, 0.0, -0.25]), "var": np.array([0.0625, 1.0, 0.25])}
        out.append(f"LIMITS({max_r}, {max_d})")
        for i in range(STEPS):
            s = step(s, x[i], target[i], max_r, max_d)
            values = [s[k] for k in ("conv", "weight", "bias", "mean", "var")]
            out.append("STEP(" + ", ".join(numbers(v) for v in values) + ")")
        u = np.einsum("kc,ncl->nkl", s["conv"], x[0])
        scale = s["weight"] / np.sqrt(s["var"] + EPSILON)
        y = (u - s["mean"][None, :, None]) * scale[None, :, None] + s["bias"][None, :, None]
        out.append(f"EVALUATED({numbers(y)})")
    pathlib.Path(__file__).with_suffix(".inc").write_text("\n".join(out) + "\n")


main()
