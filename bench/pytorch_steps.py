#!/usr/bin/env python3
"""Whole training steps of networks of bench_train in PyTorch, on random images that stay on the device.

pytorch_steps.py [--device cuda:0] [--peers eager,graph,compiled] [--networks mnist_dense,...] [--seconds N]

Peers, each with fp32 as fp32 (no TF32):
  eager     as PyTorch runs by default
  graph     compiled forward and backward, a fused optimizer, the whole step in one CUDA graph, channels last
  compiled  torch.compile(mode="max-autotune") of the forward pass and the loss, a fused optimizer
One JSON object a line. What does not fit into --seconds is left out. A user of Glia never needs this file.
"""
import argparse
import json
import os
import statistics
import sys
import time

import torch
from torch.nn import functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "against"))

import networks  # noqa: E402


PEERS = ("eager", "graph", "compiled")
BATCHES = {"mnist_dense": 32, "cnn_fashion": 128, "resnet18_cifar": 128}  # as bench_train has them


class Step:
    """One batch after the other out of data that stays on the device."""

    def __init__(self, name, peer, device):
        (build, shape, kind), self.batch = networks.NETWORKS[name], BATCHES[name]
        torch.manual_seed(0)
        self.images = torch.randint(0, 256, (20 * self.batch, *shape), dtype=torch.uint8, device=device)
        self.labels = torch.randint(0, 10, (20 * self.batch,), device=device)
        self.index = torch.arange(self.batch, device=device)
        self.net = build(64).to(device)
        options = {}
        if peer != "eager":
            options["fused"] = True
        if peer == "graph":
            self.net = self.net.to(memory_format=torch.channels_last)
            options["capturable"] = True
        self.channels_last = peer == "graph" and len(shape) == 3
        self.optimizer = networks.make_optimizer(kind, self.net.parameters(), **options)
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


def some_of(known):
    """The type of an option that is a list of these names."""
    def names(text):
        unknown = [name for name in text.split(",") if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"there is no '{unknown[0]}'; there are {', '.join(known)}")
        return text.split(",")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--peers", type=some_of(PEERS), default=PEERS)
    parser.add_argument("--networks", type=some_of(BATCHES), default=list(BATCHES))
    parser.add_argument("--seconds", type=float, default=1e9)
    args = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    start = time.monotonic()
    for peer in args.peers:
        if peer == "graph" and not args.device.startswith("cuda"):
            continue
        for name in args.networks:
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
