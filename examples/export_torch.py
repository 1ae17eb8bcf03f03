"""Writes a network of PyTorch for Glia: NAME.onnx, the network and its weights, and NAME.safetensors, the weights alone.
A weight has the name of the network's state_dict in both.

    from export_torch import export
    export(net, torch.zeros(2, 3, 224, 224), "net")

example: an input of two samples or more, or a tuple of inputs; the first dimension of each becomes the batch.
Needs torch (2.6 or newer), onnx, onnxscript and safetensors. docs/from-pytorch.md says what to do with the files."""
import inspect

import onnx
import torch
from safetensors.torch import save_file


def export(net, example, path, opset=18):
    net.eval()
    inputs = example if isinstance(example, tuple) else (example,)
    names = list(inspect.signature(net.forward).parameters)[: len(inputs)]
    batch = torch.export.Dim("batch")
    model = torch.onnx.export(net, inputs, dynamo=True, opset_version=opset, optimize=False, verbose=False,
                              input_names=names, dynamic_shapes=tuple({0: batch} for _ in inputs)).model_proto
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer, model.graph):
        del part.metadata_props[:]  # the lines of Python that each node comes from
    del model.graph.value_info[:]
    onnx.save(model, f"{path}.onnx")
    weights = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in net.state_dict().items()}
    save_file(weights, f"{path}.safetensors")
    written = {tensor.name for tensor in model.graph.initializer}
    for name in sorted(weights.keys() - written):  # what the network does not read, second names of shared weights
        print(f"{path}.onnx has no '{name}'")
