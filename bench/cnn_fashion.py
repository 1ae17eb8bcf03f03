#!/usr/bin/env python3
"""The peer of examples/cnn_fashion.c: the same network, data, batch, optimizer and threads in PyTorch.

cnn_fashion.py [--data DIR] [--epochs N] [--seed N] [--batch N] [--threads N] [--channels-last]

Weights start as PyTorch's own layers make them. A user of Glia never needs this file.
"""
import argparse
import gzip
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def read_idx(path):
    data = gzip.open(path).read()
    dims = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(dims)).reshape(dims)


def load(folder, part):
    images = read_idx(f"{folder}/{part}-images-idx3-ubyte.gz").astype(np.float32) / 255
    labels = read_idx(f"{folder}/{part}-labels-idx1-ubyte.gz").astype(np.int64)
    return torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dense1, self.dense2 = nn.Linear(64 * 12 * 12, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = F.dropout(F.max_pool2d(x, 2), 0.25, self.training)
        x = F.dropout(F.relu(self.dense1(torch.flatten(x, 1))), 0.5, self.training)
        return self.dense2(x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    images, labels = load(args.data, "train")
    test_images, test_labels = load(args.data, "t10k")
    net = Net()
    if args.channels_last:
        net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, fused=True)
    for epoch in range(args.epochs):
        net.train()
        start, total = time.perf_counter(), 0.0
        for batch in torch.randperm(len(labels)).split(args.batch):
            x = images[batch]
            if args.channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(net(x), labels[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        seconds = time.perf_counter() - start
        net.eval()
        with torch.no_grad():
            right = sum((net(x).argmax(1) == y).sum().item() for x, y in zip(test_images.split(256), test_labels.split(256)))
        print(f"epoch {epoch + 1}/{args.epochs}  loss {total / len(labels):.4f}  val_accuracy {right / len(test_labels):.4f}"
              f"  {seconds:.1f} s", flush=True)
    print(f"test accuracy: {right / len(test_labels):.4f}")


if __name__ == "__main__":
    main()
