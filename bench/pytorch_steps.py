#!/usr/bin/env python3
"""Whole training steps of the networks of bench_train.c in PyTorch, on random images that stay on the device.

pytorch_steps.py [--device cuda:0] [--peers eager,graph,compiled] [--networks mnist_dense,...] [--seconds N]

Peers, each with fp32 as fp32 (no TF32):
  eager     as PyTorch runs by default
  graph     compiled forward and backward, a fused optimizer, the whole step in one CUDA graph, channels last
  compiled  torch.compile(mode="max-autotune") of the forward pass and the loss, a fused optimizer
One JSON object a line. What does not fit into --seconds is left out. A user of Glia never needs this file.
"""
import argparse
import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv_norm(inputs, filters, kernel, stride):
    return nn.Sequential(nn.Conv2d(inputs, filters, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(filters))


class Block(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.first, self.second = conv_norm(inputs, filters, 3, stride), conv_norm(filters, filters, 3, 1)
        self.shortcut = conv_norm(inputs, filters, 1, stride) if stride == 2 else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


def resnet18_cifar(width=64):
    blocks, inputs = [], width
    for stage in range(4):
        for block in range(2):
            filters = width << stage
            blocks.append(Block(inputs, filters, 2 if stage > 0 and block == 0 else 1))
            inputs = filters
    return nn.Sequential(conv_norm(3, width, 3, 1), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(inputs, 10))


def mnist_dense():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


def cnn_fashion():
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
                         nn.Flatten(), nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))


NETWORKS = {  # as bench_train.c: network, shape of an image, batch, optimizer
    "mnist_dense": (mnist_dense, (1, 28, 28), 32, "adam"),
    "cnn_fashion": (cnn_fashion, (1, 28, 28), 128, "adam"),
    "resnet18_cifar": (resnet18_cifar, (3, 32, 32), 128, "momentum"),
}


def make_optimizer(kind, parameters, **options):
    if kind == "adam":
        return torch.optim.Adam(parameters, 1e-3, **options)
    options.pop("capturable", None)
    return torch.optim.SGD(parameters, 1e-2, momentum=0.9, **options)


class Step:
    """One batch after the other out of data that stays on the device."""

    def __init__(self, name, peer, device):
        build, shape, self.batch, kind = NETWORKS[name]
        torch.manual_seed(0)
        self.images = torch.randint(0, 256, (20 * self.batch, *shape), dtype=torch.uint8, device=device)
        self.labels = torch.randint(0, 10, (20 * self.batch,), device=device)
        self.index = torch.arange(self.batch, device=device)
        self.net = build().to(device)
        options = {}
        if peer != "eager":
            options["fused"] = True
        if peer == "graph":
            self.net = self.net.to(memory_format=torch.channels_last)
            options["capturable"] = True
        self.channels_last = peer == "graph" and len(shape) == 3
        self.optimizer = make_optimizer(kind, self.net.parameters(), **options)
        self.loss = self.forward
        if peer == "compiled":
            self.loss = torch.compile(self.forward, mode="max-autotune")
        if peer == "graph":
            self.loss = torch.compile(self.forward)

    def forward(self, index):
        x = self.images[index].float() / 255
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        return F.cross_entropy(self.net(x), self.labels[index])

    def run(self):
        loss = self.loss(self.index)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


def captured(step, device):
    """The whole step as one CUDA graph."""
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        for _ in range(3):
            step.run()
    torch.cuda.current_stream(device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step.run()
    return graph.replay


def seconds_of(run, device, steps=100, rounds=5):
    """The median over rounds of the time of one step."""
    synchronize = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    times = []
    for _ in range(rounds + 1):
        synchronize()
        start = time.perf_counter()
        for _ in range(steps):
            run()
        synchronize()
        times.append((time.perf_counter() - start) / steps)
    return statistics.median(times[1:])


def measure(name, peer, device):
    step = Step(name, peer, device)
    for _ in range(3):
        step.run()
    run = captured(step, device) if peer == "graph" else step.run
    seconds = seconds_of(run, device) if device.startswith("cuda") else seconds_of(run, device, 5, 2)
    return {"network": name, "peer": peer, "device": device, "batch": step.batch, "step_us": round(seconds * 1e6, 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--peers", default="eager,graph,compiled")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--seconds", type=float, default=1e9)
    args = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    start = time.monotonic()
    for peer in args.peers.split(","):
        if peer == "graph" and not args.device.startswith("cuda"):
            continue
        for name in args.networks.split(","):
            row = {"network": name, "peer": peer}
            if time.monotonic() - start > args.seconds:
                row["skipped"] = "no time was left"
            else:
                try:
                    row = measure(name, peer, args.device)
                except Exception as error:  # whatever a peer cannot do is no fault of the others
                    row["failed"] = f"{type(error).__name__}: {error}"[:300]
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    sys.exit(main())
