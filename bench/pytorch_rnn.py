#!/usr/bin/env python3
"""Recurrent layers on the CPU, Glia's op rnn against PyTorch: both in one process, taking turns on the same numbers.

pytorch_rnn.py LIBGLIA [--threads N] [--cells lstm,gru,gru_reset_before,tanh] [--cases H:N:T,...] [--seconds N]
               [--libraries NAME=LIBGLIA,...]

LIBGLIA is a libglia.so; further ones can be named, to compare two builds. For each case: inference, the forward pass
that keeps what the backward pass needs, and the backward pass by x and all weights. Times are medians, ratios are
PyTorch's time over Glia's; on a shared machine only ratios mean something. One JSON object a line. Results are compared
before they are timed. PyTorch has no reset_before; its rows stand beside PyTorch's other GRU. A user of Glia never needs
this file.
"""
import argparse
import ctypes as c
import json
import os
import statistics
import sys
import time

import torch

CASES = [(128, 16, 168), (512, 1, 168), (512, 16, 168), (512, 64, 168), (128, 64, 1024), (512, 16, 1024), (128, 1, 1024)]
CELLS = {"tanh": (0, 1, torch.nn.RNN), "lstm": (2, 4, torch.nn.LSTM), "gru": (3, 3, torch.nn.GRU),
         "gru_reset_before": (3, 3, torch.nn.GRU)}
F32, PASSES = 0, ("inference", "forward", "backward")


class Shape(c.Structure):
    _fields_ = [("ndim", c.c_int), ("dim", c.c_int64 * 8)]


class Params(c.Structure):
    _fields_ = [("cell", c.c_int), ("direction", c.c_int), ("batch_first", c.c_bool), ("reset_before", c.c_bool),
                ("cell_clip", c.c_double)]


class Weights(c.Structure):
    _fields_ = [(name, c.c_void_p) for name in ("w_ih", "w_hh", "b_ih", "b_hh", "w_hr", "peephole")]


class End(c.Structure):
    _fields_ = [(name, c.c_void_p) for name in ("h_n", "c_n", "reserve")]


class Saved(c.Structure):
    _fields_ = [(name, c.c_void_p) for name in ("x", "start", "weights", "y", "reserve")]


class Upstream(c.Structure):
    _fields_ = [(name, c.c_void_p) for name in ("dy", "dh_n", "dc_n")]


class Gradients(c.Structure):
    _fields_ = [("dh0", c.c_void_p), ("dc0", c.c_void_p), ("weights", Weights * 2)]


class Glia:
    """One layer, on tensors that share PyTorch's memory."""

    def __init__(self, path, cell, layer, x, dy):
        self.lib, self.ctx = c.CDLL(path), c.c_void_p()
        self.lib.glia_message.restype = c.c_char_p
        self.check(self.lib.glia_context_create(b"cpu", None, c.byref(self.ctx)))
        self.params = Params(cell=CELLS[cell][0], reset_before=cell == "gru_reset_before")
        weights = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]
        self.y, self.dx = torch.empty_like(dy), torch.empty_like(x)
        self.dweights = [torch.empty_like(w) for w in weights]
        tensors = [self.wrap(t.detach()) for t in (x, dy, self.y, self.dx, *weights, *self.dweights)]
        self.tx, tdy, self.ty, self.tdx = tensors[:4]
        self.weights = Weights(*tensors[4:8])
        self.reserve = c.c_void_p()
        self.check(self.lib.glia_rnn_reserve(self.ctx, c.byref(self.params), self.tx, None, c.byref(self.weights),
                                             c.byref(self.reserve)))
        self.end = End(reserve=self.reserve)
        self.saved = Saved(x=self.tx, weights=c.addressof(self.weights), y=self.ty, reserve=self.reserve)
        self.upstream = Upstream(dy=tdy)
        self.gradients = Gradients()
        self.gradients.weights[0] = Weights(*tensors[8:12])

    def check(self, status):
        if status != 0:
            raise RuntimeError(self.lib.glia_message(self.ctx).decode())

    def wrap(self, t):
        out = c.c_void_p()
        shape = Shape(t.dim(), (c.c_int64 * 8)(*t.shape))
        self.check(self.lib.glia_tensor_wrap(self.ctx, F32, shape, None, c.c_void_p(t.data_ptr()), c.byref(out)))
        return out

    def forward(self, end):
        self.check(self.lib.glia_rnn(self.ctx, c.byref(self.params), self.tx, None, c.byref(self.weights), self.ty,
                                     c.byref(end) if end else None))

    def passes(self):
        return {"inference": lambda: self.forward(None), "forward": lambda: self.forward(self.end),
                "backward": lambda: self.check(self.lib.glia_rnn_backward(
                    self.ctx, c.byref(self.params), c.byref(self.saved), c.byref(self.upstream), self.tdx,
                    c.byref(self.gradients)))}


class PyTorch:
    def __init__(self, layer, x, dy):
        self.layer, self.x, self.dy = layer, x.clone().requires_grad_(), dy
        self.leaves = [self.x, layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]
        self.y = layer(self.x)[0]

    def inference(self):
        with torch.no_grad():
            self.layer(self.x)

    def backward(self):
        return torch.autograd.grad(self.y, self.leaves, self.dy, retain_graph=True)

    def passes(self):
        return {"inference": self.inference, "forward": lambda: self.layer(self.x), "backward": self.backward}


def difference(glia, torch_side):
    """The largest, as a share of the largest value of its tensor."""
    runs = glia.passes()
    runs["forward"]()
    runs["backward"]()
    pairs = zip([torch_side.y, *torch_side.backward()], [glia.y, glia.dx, *glia.dweights])
    return max(float((a.detach() - b.detach()).abs().max() / a.detach().abs().max()) for a, b in pairs)


def take_turns(runs, seconds):
    """The median time of each, in milliseconds."""
    times = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[next(iter(runs))]) < 5:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(t) for name, t in times.items()}


def measure(cell, case, libraries, args):
    hidden, batch, steps = case
    torch.manual_seed(0)
    layer = CELLS[cell][2](hidden, hidden)
    x, dy = torch.randn(steps, batch, hidden), torch.randn(steps, batch, hidden)
    peers = {name: Glia(path, cell, layer, x, dy) for name, path in libraries.items()}
    peers["pytorch"] = PyTorch(layer, x, dy)
    if cell != "gru_reset_before":
        for name in libraries:
            off = difference(peers[name], peers["pytorch"])
            if not off < 1e-3:
                raise RuntimeError(f"{name}: {cell} {case} is off by {off}")
    for name in libraries:
        peers[name].passes()["forward"]()
    for which in PASSES:
        ms = take_turns({name: peer.passes()[which] for name, peer in peers.items()}, args.seconds)
        row = {"cell": cell, "hidden": hidden, "batch": batch, "steps": steps, "threads": args.threads, "pass": which}
        row.update({f"{name}_ms": round(t, 3) for name, t in ms.items()})
        row.update({f"{name}_ratio": round(ms["pytorch"] / ms[name], 2) for name in libraries})
        print(json.dumps(row), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("libglia")
    parser.add_argument("--libraries", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cells", default=",".join(CELLS))
    parser.add_argument("--cases", default=",".join(":".join(map(str, case)) for case in CASES))
    parser.add_argument("--seconds", type=float, default=1.0, help="of all peers on one pass of one case")
    args = parser.parse_args()
    os.environ["GLIA_NUM_THREADS"] = str(args.threads)
    torch.set_num_threads(args.threads)
    libraries = {"glia": args.libglia, **dict(pair.split("=") for pair in args.libraries.split(",") if pair)}
    print(f"PyTorch {torch.__version__}", file=sys.stderr)
    for cell in args.cells.split(","):
        for case in args.cases.split(","):
            measure(cell, tuple(map(int, case.split(":"))), libraries, args)


if __name__ == "__main__":
    main()
