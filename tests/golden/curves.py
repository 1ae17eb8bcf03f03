"""The training curves: networks that curves_test.cc builds with the model API, trained here by torch.optim in float64.

Weights and data come from cases.py: those of a curve are keyed "NETWORK/WEIGHT", "NETWORK/data", "NETWORK/target". The
modules have the names of the layers. Each curve is the loss of each of STEPS steps, before the step, over BATCHES batches
in turn; then the loss of the first batch in evaluation, which for the CNN needs the running statistics.

Curves named "NETWORK/OPTIMIZER/bf16" and ".../f16" are of float32 networks under autocast, the latter with a GradScaler,
whose scale is the last number.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

import cases

STEPS, BATCHES, BATCH = 50, 10, 16


def mlp():
    return nn.Sequential(OrderedDict(
        hidden1=nn.Linear(12, 16), tanh=nn.Tanh(), hidden2=nn.Linear(16, 16), relu=nn.ReLU(), logits=nn.Linear(16, 5)))


def cnn():  # no bias before the normalisation: its gradient would be rounding alone, which Adam makes into steps
    return nn.Sequential(OrderedDict(
        conv1=nn.Conv2d(1, 4, 3, padding=1, bias=False), norm1=nn.BatchNorm2d(4), relu1=nn.ReLU(), pool=nn.MaxPool2d(2),
        conv2=nn.Conv2d(4, 6, 3), relu2=nn.ReLU(), flatten=nn.Flatten(),
        logits=nn.Linear(24, 5)))


def conv1d():
    return nn.Sequential(OrderedDict(
        conv1=nn.Conv1d(4, 6, 3, padding=1), relu1=nn.ReLU(), pool=nn.MaxPool1d(2),
        conv2=nn.Conv1d(6, 8, 3, dilation=2), relu2=nn.ReLU(), mean=nn.AdaptiveAvgPool1d(1), flatten=nn.Flatten(),
        logits=nn.Linear(8, 5)))


def layernorm():  # no bias before the normalisation, as above
    return nn.Sequential(OrderedDict(
        hidden1=nn.Linear(12, 16, bias=False), norm1=nn.LayerNorm(16), tanh=nn.Tanh(), logits=nn.Linear(16, 5)))


class Lstm(nn.Module):
    """Two layers, both directions; the last states of the upper one decide."""

    def __init__(self):
        super().__init__()
        self.rnn1 = nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.logits = nn.Linear(12, 5)

    def forward(self, x):
        _, (h, _) = self.rnn1(x)
        return self.logits(torch.cat([h[-2], h[-1]], 1))


class Gru(nn.Module):
    """All steps of one GRU go into the next, without biases, and its last state decides."""

    def __init__(self):
        super().__init__()
        self.rnn1 = nn.GRU(4, 7, batch_first=True)
        self.rnn2 = nn.GRU(7, 6, bias=False, batch_first=True)
        self.logits = nn.Linear(6, 5)

    def forward(self, x):
        _, h = self.rnn2(self.rnn1(x)[0])
        return self.logits(h[0])


def numbers(name, content, dims, value=0, dtype=None):
    return torch.from_numpy(cases.Input(content, dims, dtype, value).numbers(cases.fnv1a(name), 0))


def build(name, make):
    net = make()
    with torch.no_grad():
        for weight, values in net.named_parameters():
            scale = weight.startswith("norm") and weight.endswith("weight")
            values.copy_(numbers(f"{name}/{weight}", "positive" if scale else "wide", values.shape, 0.4))
    return net


def data(name, shape):
    """Samples whose class shows: 1 is added to the element of that number."""
    target = numbers(f"{name}/target", "index", (BATCHES * BATCH,), 5, "i64")
    x = numbers(f"{name}/data", "signed", (BATCHES * BATCH, *shape))
    flat = x.reshape(len(x), -1)
    flat[torch.arange(len(x)), target] += 1
    return flat.reshape(x.shape).split(BATCH), target.split(BATCH)


def f32(value):
    return float(torch.tensor(value, dtype=torch.float32))


OPTIMIZERS = {
    "sgd": lambda w: torch.optim.SGD(w, f32(0.1)),
    "momentum": lambda w: torch.optim.SGD(w, f32(0.05), momentum=0.9),
    "nesterov": lambda w: torch.optim.SGD(w, f32(0.05), momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adagrad": lambda w: torch.optim.Adagrad(w, f32(0.05)),
    "rmsprop": lambda w: torch.optim.RMSprop(w, f32(0.005)),
    "adam": lambda w: torch.optim.Adam(w, f32(0.01)),
    "adamw": lambda w: torch.optim.AdamW(w, f32(0.01), weight_decay=0.1),
    "clipped": lambda w: torch.optim.SGD(w, f32(0.1)),
}


def train(net, x, target, optimizer, clip):
    losses = []
    for step in range(STEPS):
        loss = F.cross_entropy(net(x[step % BATCHES]), target[step % BATCHES])
        optimizer.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
        losses.append(loss.detach())
    net.eval()
    with torch.no_grad():
        losses.append(F.cross_entropy(net(x[0]), target[0]))
    return torch.stack(losses)


MIXED = {"bf16": torch.bfloat16, "f16": torch.float16}

# The first loss scale. PyTorch rounds the gradients of convolutions' weights to f16, where those of the usual scale are
# infinite, and leaves out a step that Glia, with these gradients in f32, takes.
SCALE = {"cnn": 1024.0}


def train_mixed(net, x, target, optimizer, dtype, scale):
    losses = []
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, enabled=dtype == torch.float16)
    for step in range(STEPS + 1):
        # oneDNN has no recurrent layers of f16 for every processor
        with torch.autocast("cpu", dtype=dtype), torch.backends.mkldnn.flags(enabled=False):
            loss = F.cross_entropy(net(x[step % BATCHES].float()), target[step % BATCHES])
        losses.append(loss.detach().double())
        if step == STEPS:
            break
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if step == STEPS - 1:
            net.eval()
    return torch.stack(losses + [torch.tensor(scaler.get_scale())])


def record_mixed():
    """Of the CNN with Adam alone: with the rates of the others its logits grow, and a rounding of one shows in the loss."""
    curves = []
    for name, make, shape, optimizers in [("mlp", mlp, (12,), ["sgd", "momentum", "adam"]),
                                          ("conv1d", conv1d, (4, 20), ["sgd", "momentum", "adam"]),
                                          ("layernorm", layernorm, (12,), ["sgd", "momentum", "adam"]),
                                          ("lstm", Lstm, (5, 4), ["momentum", "adam"]),
                                          ("gru", Gru, (5, 4), ["momentum", "adam"]),
                                          ("cnn", cnn, (1, 8, 8), ["adam"])]:
        for optimizer in optimizers:
            for dtype in MIXED:
                net = build(name, make).float()
                curves.append((f"{name}/{optimizer}/{dtype}", train_mixed(net, *data(name, shape),
                                                                          OPTIMIZERS[optimizer](net.parameters()),
                                                                          MIXED[dtype], SCALE.get(name, 65536.0))))
    return curves


def record():
    """[(name, losses)]"""
    curves = record_mixed()
    for name, make, shape in [("mlp", mlp, (12,)), ("cnn", cnn, (1, 8, 8)), ("conv1d", conv1d, (4, 20)),
                              ("layernorm", layernorm, (12,)), ("lstm", Lstm, (5, 4)), ("gru", Gru, (5, 4))]:
        for optimizer in OPTIMIZERS:
            net = build(name, make)
            curves.append((f"{name}/{optimizer}", train(net, *data(name, shape), OPTIMIZERS[optimizer](net.parameters()),
                                                        0.5 if optimizer == "clipped" else 0)))
    return curves
