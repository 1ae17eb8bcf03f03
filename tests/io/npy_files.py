#!/usr/bin/env python3
"""Records files that NumPy writes, and what they hold: npy_files.inc, which npy_test.cc reads. Needs NumPy 2 and ml_dtypes;
the tests need no Python.

    python3 tests/io/npy_files.py

An NPY is NPY(name, dtype of Glia, its shape, whether Glia writes the same bytes, the file, the values). An NPZ is
NPZ(name, the file), of the arrays that ARCHIVED lists in the same way, without a file. Bytes are hexadecimal, values
row-major and little-endian.
"""

import io
import pathlib
import zipfile

import ml_dtypes
import numpy as np

assert np.__version__.startswith("2."), np.__version__
GLIA = {"<f4": "F32", "<f8": "F64", "<f2": "F16", "|u1": "U8", "<i4": "I32", "<i8": "I64", "<V2": "BF16",
        "|b1": "U8", "|i1": "I32", "<i2": "I32", "<u2": "I32", "<u4": "I64", "<u8": "I64"}
WIDE = {"U8": "<u1", "I32": "<i4", "I64": "<i8"}


def described(array):
    little = array.astype(array.dtype.newbyteorder("<")) if array.dtype.kind != "V" else array
    dtype = GLIA[little.dtype.str]
    values = little.astype(WIDE[dtype]) if dtype in WIDE else little
    shape = "Shape{" + ", ".join(str(n) for n in array.shape) + "}"
    return f"GLIA_{dtype}, ({shape})", values.tobytes().hex()


def npy(name, array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    head, values = described(array)
    little = array.dtype.byteorder in "<|=" and array.dtype.str in ("<f4", "<f8", "<f2", "|u1", "<i4", "<i8", "<V2")
    ours = little and version in (None, (1, 0)) and array.flags.c_contiguous
    print(f'NPY({name}, {head}, {str(ours).lower()}, "{out.getvalue().hex()}", "{values}")', file=file)


def npz(name, arrays, save, limit=None):
    out = io.BytesIO()
    kept = zipfile.ZIP64_LIMIT
    zipfile.ZIP64_LIMIT = limit or kept
    save(out, **arrays)
    zipfile.ZIP64_LIMIT = kept
    print(f'NPZ({name}, "{out.getvalue().hex()}")', file=file)


numbers = np.array([[1.5, -2.25, 3e-7], [np.inf, -0.0, np.nan]])
whole = np.array([[0, 1, 2], [125, 126, 127]])
with open(pathlib.Path(__file__).with_suffix(".inc"), "w") as file:
    print(f"// Made by tests/io/npy_files.py with NumPy {np.__version__}; the bytes are its.", file=file)
    for code in ("<f4", "<f8", "<f2", ">f4", ">f8", ">f2"):
        npy(("big_" if code[0] == ">" else "") + code[1:], numbers.astype(code))
    for code in ("u1", "i1", "i2", "i4", "i8", "u2", "u4", "u8"):
        for order in "<>":
            low = -128 if code[0] == "i" else 0
            top = np.iinfo("i8" if code == "u8" else code).max
            npy(("big_" if order == ">" else "") + code, np.array([low, 0, 1, 77, top]).astype(order + code))
    npy("boolean", np.array([[True, False], [False, True]]))
    npy("bf16", numbers.astype(ml_dtypes.bfloat16))
    npy("fortran", np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
    npy("fortran_big", np.asfortranarray(np.arange(12, dtype=">i2").reshape(3, 4)))
    npy("fortran_vector", np.asfortranarray(np.arange(3, dtype="<f4")))
    npy("version_2", numbers, (2, 0))
    npy("version_3", numbers, (3, 0))
    npy("scalar", np.array(2.5, dtype="<f4"))
    npy("empty", np.zeros((0, 7), dtype="<f4"))
    npy("eight", np.arange(2, dtype="<i8").reshape(1, 1, 1, 1, 1, 1, 1, 2))
    arrays = {"x": numbers.astype("<f4"), "größe": whole.astype(">i2"), "none": np.zeros(0, dtype="<i8")}
    npz("stored", arrays, np.savez)
    npz("deflated", arrays, np.savez_compressed)
    npz("zip64", arrays, np.savez, 10)
    for name, array in arrays.items():
        head, values = described(array)
        print(f'ARCHIVED("{name}", {head}, "{values}")', file=file)
