#!/usr/bin/env python3
"""Weights that go from PyTorch to Glia, and back: networks that pytorch_weights_test.cc builds with the model API.

    python3 tests/golden/weights.py                 trains them here: weights_NETWORK.safetensors, and what they predict
                                                    for which inputs, weights.safetensors
    python3 tests/golden/weights.py check FOLDER    of files that Glia wrote: FOLDER/NETWORK.safetensors goes into the
                                                    module, which has to predict what FOLDER/predictions.safetensors has

The modules have the names of the layers. Needs torch and safetensors.
"""

import pathlib
import sys
from collections import OrderedDict

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
SAMPLES, CLASSES, STEPS, TOLERANCE = 8, 3, 20, 1e-5


def dense():
    return nn.Sequential(OrderedDict(
        hidden=nn.Linear(6, 8), tanh=nn.Tanh(), norm=nn.LayerNorm(8), logits=nn.Linear(8, CLASSES)))


def image():
    return nn.Sequential(OrderedDict(
        features=nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()), pool=nn.MaxPool2d(2),
        conv2=nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False), up=nn.ConvTranspose2d(6, 3, (2, 3), stride=2),
        slopes=nn.PReLU(3), group=nn.GroupNorm(3, 3), flatten=nn.Flatten(), logits=nn.Linear(3 * 4 * 5, CLASSES)))


def series():
    return nn.Sequential(OrderedDict(
        conv1=nn.Conv1d(2, 4, 3, padding=1), norm1=nn.BatchNorm1d(4), relu=nn.ReLU(), mean=nn.AdaptiveAvgPool1d(1),
        flatten=nn.Flatten(), logits=nn.Linear(4, CLASSES)))


class Lstm(nn.Module):
    """Two layers, both directions; the last states of the upper one decide."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.logits = nn.Linear(8, CLASSES)

    def forward(self, x):
        _, (h, _) = self.rnn(x)
        return self.logits(torch.cat([h[-2], h[-1]], 1))


class Projected(nn.Module):
    """Without biases, and with a projection."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 5, proj_size=2, bias=False, batch_first=True)
        self.logits = nn.Linear(2, CLASSES)

    def forward(self, x):
        return self.logits(self.rnn(x)[1][0][0])


class Gru(nn.Module):
    def __init__(self):
        super().__init__()
        self.lower = nn.GRU(3, 5, batch_first=True)
        self.upper = nn.GRU(5, 4, bidirectional=True, batch_first=True)
        self.logits = nn.Linear(8, CLASSES)

    def forward(self, x):
        _, h = self.upper(self.lower(x)[0])
        return self.logits(torch.cat([h[0], h[1]], 1))


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(11, 4, padding_idx=0)
        self.rnn = nn.RNN(4, 5, batch_first=True)
        self.logits = nn.Linear(5, CLASSES)

    def forward(self, x):
        return self.logits(self.rnn(self.table(x))[1][0])


NETWORKS = {"dense": (dense, (6,)), "image": (image, (2, 4, 4)), "series": (series, (2, 6)), "lstm": (Lstm, (5, 3)),
            "projected": (Projected, (5, 3)), "gru": (Gru, (5, 3)), "words": (Words, (7,))}


def samples(name, shape):
    return torch.randint(0, 11, (SAMPLES, *shape)) if name == "words" else torch.randn(SAMPLES, *shape)


def train(net, x):
    target = torch.arange(len(x)) % CLASSES
    optimizer = torch.optim.Adam(net.parameters(), 0.02)
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.cross_entropy(net(x), target).backward()
        optimizer.step()


def predict(net, x):
    with torch.no_grad():
        return net.eval().double()(x.double() if x.is_floating_point() else x)


def record():
    predictions = {}
    for name, (make, shape) in NETWORKS.items():
        torch.manual_seed(1)
        net, x = make(), samples(name, shape)
        train(net, x)
        save_file(net.state_dict(), HERE / f"weights_{name}.safetensors")
        predictions[f"{name}.input"] = x
        predictions[f"{name}.output"] = predict(net, x)
    save_file(predictions, HERE / "weights.safetensors")


def check(folder):
    predictions = load_file(folder / "predictions.safetensors")
    worst = 0
    for name, (make, _) in NETWORKS.items():
        net = make()
        net.load_state_dict(load_file(folder / f"{name}.safetensors"), strict=True)
        output = predict(net, predictions[f"{name}.input"])
        difference = (output - predictions[f"{name}.output"]).abs().max().item()
        print(f"{name}: {difference:.2g}")
        worst = max(worst, difference)
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(check(pathlib.Path(sys.argv[2])) if sys.argv[1:2] == ["check"] else record())
