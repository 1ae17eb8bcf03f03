"""Checks what export_test wrote into the folder that its GLIA_ONNX_KEEP named: ONNX's checker takes each file, and
onnxruntime computes what Glia computed. Needs the PyPI packages numpy, onnx and onnxruntime.
usage: check_exported.py FOLDER"""
import glob
import os
import sys

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)


class TooNew(Exception):
    """Of an operator set that these versions of onnx and onnxruntime do not know."""


def open_session(path):
    if int(path.rsplit(".", 2)[1]) > onnx.defs.onnx_opset_version():
        raise TooNew
    try:
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:
        if "under development" in str(error) or "Unsupported model IR version" in str(error):
            raise TooNew from error
        raise


def check(path):
    """The largest difference, relative to numbers above 1."""
    stem = path.rsplit(".", 2)[0]
    session = open_session(path)
    onnx.checker.check_model(path, full_check=True)
    given = {i.name: np.load(f"{stem}.{i.name}.npy") for i in session.get_inputs()}
    for i in session.get_inputs():
        if i.type == "tensor(double)":
            given[i.name] = given[i.name].astype(np.float64)
    worst = 0.0
    for i, got in enumerate(session.run(None, given)):
        want = np.load(f"{stem}.y{i}.npy")
        if got.shape != want.shape or got.dtype != want.dtype:
            raise ValueError(f"output {i} is {got.dtype} {got.shape}, must be {want.dtype} {want.shape}")
        off = np.abs(got.astype(float) - want) / np.maximum(1, np.abs(want))
        off[(got == want) | (np.isnan(got) & np.isnan(want))] = 0
        worst = max(worst, float(off.max(initial=0)))
    if not worst <= 1e-5:
        raise ValueError(f"differs by {worst:.2g}")
    return worst


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx")))
    failed = 0
    too_new = 0
    worst = 0.0
    for path in files:
        try:
            worst = max(worst, check(path))
        except TooNew:
            too_new += 1
        except Exception as error:  # whatever onnx and onnxruntime raise
            failed += 1
            print(f"{os.path.basename(path)}: {type(error).__name__}: {str(error)[:600]}")
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}: {len(files) - failed - too_new} of {len(files)} files, "
          f"off by at most {worst:.2g}; {too_new} are of operator sets that are too new for these")
    sys.exit(1 if failed or len(files) == too_new else 0)


main()
