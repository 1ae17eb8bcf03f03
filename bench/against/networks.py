"""The networks of support/networks.c in PyTorch."""
import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 10


def conv_norm(inputs, filters, kernel, stride):
    return nn.Sequential(nn.Conv2d(inputs, filters, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(filters))


class Block(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.first, self.second = conv_norm(inputs, filters, 3, stride), conv_norm(filters, filters, 3, 1)
        self.shortcut = conv_norm(inputs, filters, 1, stride) if stride == 2 else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class LastStep(nn.Module):
    """The output of a recurrent layer after the last step."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0][:, -1]


def resnet18_cifar(width):
    blocks, inputs = [], width
    for stage in range(4):
        for block in range(2):
            filters = width << stage
            blocks.append(Block(inputs, filters, 2 if stage > 0 and block == 0 else 1))
            inputs = filters
    return nn.Sequential(conv_norm(3, width, 3, 1), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(inputs, CLASSES))


def mnist_dense(_):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES))


def notebook(_):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 512), nn.ReLU(),
                         nn.Dropout(0.2), nn.Linear(512, CLASSES))


def autoencoder(_):
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 128), nn.ReLU(),
                         nn.Linear(128, 784), nn.Sigmoid())


def cnn_fashion(_):
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
                         nn.Flatten(), nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, CLASSES))


def lstm(width):
    return nn.Sequential(LastStep(nn.LSTM(width, width, batch_first=True)), nn.Linear(width, CLASSES))


def gru(width):
    return nn.Sequential(LastStep(nn.GRU(width, width, batch_first=True)), nn.Linear(width, CLASSES))


def lstm_stream(width):
    return nn.Sequential(LastStep(nn.LSTM(1, width, batch_first=True)), nn.Linear(width, 1))


def dense_one(width):
    return nn.Linear(width, width)


NETWORKS = {  # network, shape of a sample, optimizer
    "mnist_dense": (mnist_dense, (1, 28, 28), "adam"),
    "notebook": (notebook, (1, 28, 28), "rmsprop"),
    "autoencoder": (autoencoder, (784,), "adam"),
    "cnn_fashion": (cnn_fashion, (1, 28, 28), "adam"),
    "resnet18_cifar": (resnet18_cifar, (3, 32, 32), "momentum"),
    "lstm": (lstm, (168, None), "adam"),
    "gru": (gru, (168, None), "adam"),
    "lstm_stream": (lstm_stream, (1, 1), None),
    "dense_one": (dense_one, (None,), None),
}
RECONSTRUCTS = ("autoencoder",)
GLIA_NAMES = {nn.Linear: "dense", nn.Conv2d: "conv2d", nn.BatchNorm2d: "batchnorm", nn.LSTM: "lstm", nn.GRU: "gru"}


def input_shape(name, width):
    return tuple(width if size is None else size for size in NETWORKS[name][1])


def make_optimizer(kind, parameters, **options):
    if kind == "adam":
        return torch.optim.Adam(parameters, 1e-3, **options)
    options.pop("capturable", None)
    if kind == "rmsprop":
        options.pop("fused", None)  # it has none
        return torch.optim.RMSprop(parameters, 1e-3, alpha=0.9, eps=1e-7, **options)
    return torch.optim.SGD(parameters, 1e-2, momentum=0.9, **options)


def weights(net):
    """{the name that Glia gives it: tensor}, in the order of the layers."""
    found, counts = {}, {}
    for module in net.modules():
        kind = GLIA_NAMES.get(type(module))
        if kind:
            number = counts[kind] = counts.get(kind, -1) + 1
            for name, tensor in module.state_dict().items():
                if name != "num_batches_tracked":
                    found[f"{kind}_{number}.{name}" if number else f"{kind}.{name}"] = tensor
    return found
