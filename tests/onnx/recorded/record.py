"""Records what import_test reads: a network of PyTorch with convolutions, batch normalisation, a GRU and dense layers, and
what it computes. Written by PyTorch 1.13; `python3 record.py` writes the files again."""
import warnings

import numpy as np
import torch
from torch import nn

warnings.simplefilter("ignore")
torch.manual_seed(1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.2)
        self.gru = nn.GRU(16, 5, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(10, 6)
        self.norm = nn.LayerNorm(6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = nn.functional.hardswish(self.bn(self.stem(x)))
        x = self.pool(torch.relu(x + self.conv(x)))
        x = x.permute(0, 2, 1, 3).reshape(x.size(0), x.shape[2], -1)
        x, _ = self.gru(x)
        x = self.drop(self.norm(self.fc(x.mean(1))))
        return self.head(nn.functional.gelu(x) * 0.5 + 1)


net = Network()
net.train()
for _ in range(3):
    net(torch.randn(8, 3, 16, 16))
net.eval()
x = torch.randn(4, 3, 16, 16)
torch.onnx.export(net, x, "network.onnx", opset_version=17, input_names=["image"], output_names=["logits"],
                  dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
                  training=torch.onnx.TrainingMode.PRESERVE)
np.save("image.npy", x.numpy())
np.save("logits.npy", net(x).detach().numpy())
