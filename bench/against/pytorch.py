#!/usr/bin/env python3
"""PyTorch's side of bench/peers: trains and predicts as its standard input says.

pytorch.py --make FOLDER NETWORK:WIDTH:BATCH...   writes data and initial weights of each into FOLDER/NETWORK:WIDTH:BATCH
pytorch.py --versions                             one line of JSON
pytorch.py --serve FOLDER --threads N             answers, where VARIANT is eager, channels_last or compiled:
    losses N VARIANT   trains N batches in order, without dropout, from the initial weights: their losses
    steps N VARIANT    N steps of training, shuffled, with dropout: their seconds
    outputs N          predicts the first N samples, one after the other: the first number of each
"""
import argparse
import importlib.util
import json
import os
import re
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import conversation
import networks
import safetensors_file

DATA_BYTES, FEWEST_BATCHES, MOST_SAMPLES = 32 << 20, 4, 20000
NOTEBOOK_SAMPLES = 60000 // 128 * 128  # as MNIST has, in whole batches


def split(case):
    name, width, batch = case.split(":")
    return name, int(width), int(batch)


def make(folder, case):
    """Samples from 0 to 1, two thirds of them 0 as in MNIST where they are images; classes that a linear layer can tell."""
    name, width, batch = split(case)
    shape = networks.input_shape(name, width)
    size = int(np.prod(shape))
    most = min(MOST_SAMPLES, DATA_BYTES // (4 * size)) // batch * batch
    count = NOTEBOOK_SAMPLES if name == "notebook" else max(FEWEST_BATCHES * batch, most)
    random = np.random.default_rng(0)
    x = random.random((count, size), np.float32)
    if len(shape) == 3 or name in networks.RECONSTRUCTS:
        x *= random.random((count, size)) < 1 / 3
    y = (x @ random.standard_normal((size, networks.CLASSES), np.float32)).argmax(1).astype(np.int32)
    torch.manual_seed(0)
    net = networks.NETWORKS[name][0](width)
    os.makedirs(os.path.join(folder, case), exist_ok=True)
    data = {"x": x.reshape(count, *shape)}
    if name not in networks.RECONSTRUCTS and networks.NETWORKS[name][2]:
        data["y"] = y
    safetensors_file.write(os.path.join(folder, case, "data.safetensors"), data)
    weights = {name: tensor.numpy() for name, tensor in networks.weights(net).items()}
    safetensors_file.write(os.path.join(folder, case, "weights.safetensors"), weights)
    if batch == 1:
        make_for_runtimes(os.path.join(folder, case), name, width, x, weights)


def make_for_runtimes(folder, name, width, x, weights):
    x.tofile(os.path.join(folder, "input.f32"))
    np.concatenate([values.flatten() for values in weights.values()]).tofile(os.path.join(folder, "weights.f32"))
    if importlib.util.find_spec("onnx"):
        import onnx_models
        onnx_models.write(os.path.join(folder, "model.onnx"), name, width, weights)


class Training:
    """One variant of running it."""

    def __init__(self, side, variant):
        self.side, self.variant = side, variant
        self.net = networks.NETWORKS[side.name][0](side.width)
        self.dropout = [(module, module.p) for module in self.net.modules() if isinstance(module, nn.Dropout)]
        if variant == "channels_last":
            self.net = self.net.to(memory_format=torch.channels_last)
        self.loss = torch.compile(self.forward) if variant == "compiled" else self.forward
        self.mode = None

    def forward(self, x, y):
        out = self.net(x)
        return F.mse_loss(out, y) if self.side.reconstructs else F.cross_entropy(out, y)

    def begin(self, mode):
        """Initial weights, and a new optimizer, for another mode than before."""
        if mode == self.mode:
            return
        self.mode = mode
        with torch.no_grad():
            for name, tensor in networks.weights(self.net).items():
                tensor.copy_(self.side.weights[name])
        for module, p in self.dropout:
            module.p = 0.0 if mode == "losses" else p
        kind = networks.NETWORKS[self.side.name][2]
        self.optimizer = networks.make_optimizer(kind, self.net.parameters(), fused=True)
        self.batches = self.shuffled()

    def shuffled(self):
        while True:
            yield from torch.randperm(len(self.side.x)).split(self.side.batch)

    def step(self, x, y):
        if self.variant == "channels_last":
            x = x.contiguous(memory_format=torch.channels_last)
        loss = self.loss(x, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def losses(self, n):
        self.begin("losses")
        batches = torch.arange(n * self.side.batch).split(self.side.batch)
        return [self.step(self.side.x[batch], self.side.y[batch]) for batch in batches]

    def steps(self, n):
        self.begin("steps")
        start = time.perf_counter()
        for _ in range(n):
            batch = next(self.batches)
            self.step(self.side.x[batch], self.side.y[batch])
        return time.perf_counter() - start


class Side:
    def __init__(self, folder):
        self.name, self.width, self.batch = split(os.path.basename(folder))
        self.reconstructs = self.name in networks.RECONSTRUCTS
        data = safetensors_file.read(os.path.join(folder, "data.safetensors"))
        self.x = torch.from_numpy(data["x"])
        self.y = torch.from_numpy(data["y"].astype(np.int64)) if "y" in data else self.x
        self.weights = {name: torch.from_numpy(values)
                        for name, values in safetensors_file.read(os.path.join(folder, "weights.safetensors")).items()}
        self.variants = {}

    def training(self, variant):
        if variant not in self.variants:
            self.variants[variant] = Training(self, variant)
        return self.variants[variant]

    def losses(self, n, variant):
        return [f"{loss:.9g}" for loss in self.training(variant).losses(int(n))]

    def steps(self, n, variant):
        return [f"{self.training(variant).steps(int(n)):.9f}"]

    @torch.no_grad()
    def outputs(self, n):
        net, state, out = networks.NETWORKS[self.name][0](self.width).eval(), None, []
        for name, tensor in networks.weights(net).items():
            tensor.copy_(self.weights[name])
        for x in self.x[:int(n)].split(1):
            if self.name == "lstm_stream":
                y, state = net[0].layer(x, state)
                out.append(net[1](y[:, -1]))
            else:
                out.append(net(x))
        return [f"{float(y.flatten()[0]):.9g}" for y in out]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--make")
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--versions", action="store_true")
    parser.add_argument("--serve")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if args.versions:
        onednn = re.search(r"MKL-DNN v([0-9.]+)", torch.__config__.show())
        print(json.dumps({"PyTorch": torch.__version__, "PyTorch's oneDNN": onednn and onednn.group(1)}))
    for case in args.cases:
        make(args.make, case)
    if args.serve:
        torch.set_flush_denormal(True)  # before other threads begin: these start with the modes of this one
        torch.set_num_threads(args.threads)
        torch.manual_seed(0)
        side = Side(args.serve)
        conversation.serve({"losses": side.losses, "steps": side.steps, "outputs": side.outputs})


if __name__ == "__main__":
    main()
