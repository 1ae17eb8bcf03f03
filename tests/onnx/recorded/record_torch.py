"""Records what torch_test reads: a network of PyTorch, as examples/export_torch.py writes it, and what it computes.
Written by PyTorch 2.15; `python3 record_torch.py` writes the files again."""
import sys
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

sys.path.insert(0, "../../../examples")
from export_torch import export

torch.manual_seed(1)
net = nn.Sequential(OrderedDict(conv1=nn.Conv2d(1, 4, 3, padding=1), norm1=nn.BatchNorm2d(4), act=nn.ReLU(),
                                pool=nn.MaxPool2d(2), flatten=nn.Flatten(), fc=nn.Linear(64, 3)))
optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
for _ in range(5):  # so that no weight and no statistic is what it began as
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(torch.randn(16, 1, 8, 8)), torch.randint(3, (16,))).backward()
    optimizer.step()
x = torch.randn(4, 1, 8, 8)
export(net, x, "torch")
np.save("torch_input.npy", x.numpy())
np.save("torch_output.npy", net(x).detach().numpy())
