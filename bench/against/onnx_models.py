"""The networks of inference as ONNX models, one sample at a time."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GATES = (0, 3, 1, 2)  # ONNX has i, o, f, c; PyTorch i, f, c, o


def in_onnx_order(values):
    return np.concatenate([np.split(values, 4)[gate] for gate in GATES])[None]


def lstm_stream(width, weights):
    tensors = {"w": in_onnx_order(weights["lstm.weight_ih_l0"]), "r": in_onnx_order(weights["lstm.weight_hh_l0"]),
               "b": np.concatenate([in_onnx_order(weights["lstm.bias_ih_l0"]), in_onnx_order(weights["lstm.bias_hh_l0"])], 1),
               "dense_w": weights["dense.weight"], "dense_b": weights["dense.bias"], "axes": np.array([0], np.int64)}
    nodes = [helper.make_node("LSTM", ["x", "w", "r", "b", "", "h", "c"], ["", "h_n", "c_n"], hidden_size=width),
             helper.make_node("Squeeze", ["h_n", "axes"], ["last"]),
             helper.make_node("Gemm", ["last", "dense_w", "dense_b"], ["y"], transB=1)]
    state = (1, 1, width)
    return nodes, tensors, {"x": (1, 1, 1), "h": state, "c": state}, {"y": (1, 1), "h_n": state, "c_n": state}


def dense_one(width, weights):
    tensors = {"w": weights["dense.weight"], "b": weights["dense.bias"]}
    return [helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1)], tensors, {"x": (1, width)}, {"y": (1, width)}


def cnn_fashion(_, weights):
    nodes = [helper.make_node("Conv", ["x", "conv2d.weight", "conv2d.bias"], ["c0"]),
             helper.make_node("Relu", ["c0"], ["r0"]),
             helper.make_node("Conv", ["r0", "conv2d_1.weight", "conv2d_1.bias"], ["c1"]),
             helper.make_node("Relu", ["c1"], ["r1"]),
             helper.make_node("MaxPool", ["r1"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
             helper.make_node("Flatten", ["p"], ["f"]),
             helper.make_node("Gemm", ["f", "dense.weight", "dense.bias"], ["d"], transB=1),
             helper.make_node("Relu", ["d"], ["r2"]),
             helper.make_node("Gemm", ["r2", "dense_1.weight", "dense_1.bias"], ["y"], transB=1)]
    return nodes, dict(weights), {"x": (1, 1, 28, 28)}, {"y": (1, 10)}


def write(path, name, width, weights):
    nodes, tensors, inputs, outputs = globals()[name](width, weights)
    describe = lambda shapes: [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in shapes.items()]
    graph = helper.make_graph(nodes, name, describe(inputs), describe(outputs),
                              [numpy_helper.from_array(np.ascontiguousarray(values), key) for key, values in tensors.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, path)
