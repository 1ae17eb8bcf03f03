#!/usr/bin/env python3
"""Records what PyTorch computes for the cases in this folder, in float64 on the CPU: FAMILY.bin from FAMILY.inc.

    python3 tests/golden/record.py [family ...]        with none: all families, and the training curves

The tests need no Python: they read the recorded files, whose format stands at the end, and make the inputs themselves.
cases.py reads the lists and makes the inputs, ops.py has the ops in PyTorch, curves.py the trained networks. A gradient
starts from random numbers in the shape of the op's first output.
"""

import pathlib
import struct
import sys

import numpy as np
import torch

import cases
import curves
from ops import OPS

HERE = pathlib.Path(__file__).parent


def tensors(numbers):
    return [None if x is None else torch.from_numpy(x) for x in numbers]


def results(case):
    """[(role, index, tensor)]: role 0 is output `index`, 1 the gradient by input `index`."""
    function, gradients = OPS[case.op]
    if case.steps:
        outputs = function(case.params, [tensors(case.numbers(step)) for step in range(1, cases.STEPS + 1)])
        return [(0, i, y) for i, y in enumerate(outputs) if y is not None]
    inputs = tensors(case.numbers())
    wanted = [i for i in gradients if i < len(inputs) and inputs[i] is not None and inputs[i].is_floating_point()]
    for i in wanted:
        inputs[i].requires_grad_()
    y = function(case.params, *inputs)
    outputs = y if isinstance(y, tuple) else (y,)
    found = [(0, i, y.detach()) for i, y in enumerate(outputs) if y is not None]
    if not wanted or not outputs[0].is_floating_point():
        return found
    seed = cases.Input("signed", outputs[0].shape).numbers(case.seed, cases.SEED_STREAM)
    inputs_wanted = [inputs[i] for i in wanted]
    by = [torch.zeros_like(x) for x in inputs_wanted]
    if outputs[0].requires_grad:
        by = torch.autograd.grad(outputs[0], inputs_wanted, torch.from_numpy(seed).to(outputs[0]), allow_unused=True,
                                 materialize_grads=True)
    return found + [(1, i, dx) for i, dx in zip(wanted, by)]


def fits_f32(values):
    size = np.abs(values[np.isfinite(values) & (values != 0)])
    return bool(np.all((size >= np.finfo(np.float32).tiny) & (size <= np.finfo(np.float32).max)))


def array_bytes(role, index, tensor, exact=False):
    """role, index, kind, ndim: u8; dimensions: u32; then f32, f64 or i32 values, all little-endian."""
    values = tensor.double().numpy() if tensor.is_floating_point() else tensor.numpy()
    kind, dtype = 2, "<i4"
    if tensor.is_floating_point():
        kind, dtype = (1, "<f8") if exact or not fits_f32(values) else (0, "<f4")
    return struct.pack(f"<4B{values.ndim}I", role, index, kind, values.ndim, *values.shape) + values.astype(dtype).tobytes()


def file_bytes(entries):
    """"GLIAGOLD", u32 length and the text of the versions, u32 count; each entry: u64 fingerprint, u8 count, arrays."""
    versions = f"PyTorch {torch.__version__}, float64 on the CPU; NumPy {np.__version__}".encode()
    return b"".join([b"GLIAGOLD", struct.pack("<I", len(versions)), versions, struct.pack("<I", len(entries))] +
                    [struct.pack("<QB", fingerprint, len(arrays)) + b"".join(arrays) for fingerprint, arrays in entries])


def record(family):
    entries = []
    for case in cases.read(HERE / f"{family}.inc"):
        try:
            entries.append((case.fingerprint, [array_bytes(*result) for result in results(case)]))
        except Exception as error:
            raise RuntimeError(f"{family}.inc: {case.op} {case.name}") from error
    save(family, entries)


def record_curves():
    entries = [(cases.fnv1a(name), [array_bytes(0, 0, losses, exact=True)]) for name, losses in curves.record()]
    save("curves", entries)


def save(name, entries):
    data = file_bytes(entries)
    (HERE / f"{name}.bin").write_bytes(data)
    print(f"{name}.bin: {len(entries)} cases, {len(data)} bytes")


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # so that sums, and the files, come out the same anywhere
    torch.set_default_dtype(torch.float64)
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}")
    families = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.inc") if path.stem != "families") + ["curves"]
    for family in families:
        record_curves() if family == "curves" else record(family)


if __name__ == "__main__":
    main()
