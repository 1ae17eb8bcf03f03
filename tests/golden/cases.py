"""What record.py and golden_test.cc share: the lists of cases, and the numbers that go in.

A case is one line of a *.inc in this folder: CASE(op, name, PARAMS(...), inputs...). C++ compiles it, Python reads it
here. Only results are stored; both sides make the inputs from Philox4x32-10, keyed by the case's name.
"""

import math
import re

import numpy as np

STEPS = 5  # of an optimizer's case
SEED_STREAM = 100  # of the numbers that a gradient starts from; below: the number of the input

# Where functions bend, saturate or have no value. All are exact in f32.
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 6.0, 30.0, -30.0, 2.0**-10, math.inf, -math.inf, math.nan]


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value


def philox(seed, stream, step, count):
    """The first `count` words, 32 bits each, of Philox4x32-10 with the key `seed` and the counter {i/4, 0, stream, step}."""
    mask = np.uint64(0xFFFFFFFF)
    blocks = (count + 3) // 4
    v = [np.arange(blocks, dtype=np.uint64), np.zeros(blocks, np.uint64),
         np.full(blocks, stream, np.uint64), np.full(blocks, step, np.uint64)]
    key = [seed % 2**32, seed >> 32]
    for _ in range(10):
        a = np.uint64(0xD2511F53) * v[0]
        b = np.uint64(0xCD9E8D57) * v[2]
        v = [b >> np.uint64(32) ^ v[1] ^ np.uint64(key[0]), b & mask,
             a >> np.uint64(32) ^ v[3] ^ np.uint64(key[1]), a & mask]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return np.stack(v, axis=1).reshape(-1)[:count]


# ---- the language of the lists -----------------------------------------------------------------------------------------


class Input:
    def __init__(self, content, dims, dtype=None, value=0):
        self.content, self.dims, self.dtype, self.value = content, tuple(dims), dtype, value

    def numbers(self, seed, stream, step=0):
        """float64 of numbers that f32 holds exactly, or int64."""
        words = philox(seed, stream, step, math.prod(self.dims)).astype(np.int64)
        unit = (words >> 9) * 2.0**-23  # [0, 1)
        if self.content == "signed":
            x = 2 * unit - 1
        elif self.content == "wide":
            x = self.value * (2 * unit - 1)
        elif self.content == "positive":
            x = 0.5 + unit
        elif self.content in ("unit", "distribution"):
            x = 0.05 + 0.9 * unit
        elif self.content == "whole":
            x = words % 9 - 4.0
        elif self.content == "special":
            x = np.array(SPECIAL)[words % len(SPECIAL)]
        elif self.content == "index":
            x = words % int(self.value)
        elif self.content == "constant":
            x = np.full(len(words), self.value)
        elif self.content == "step":
            x = np.array([max(step, 1)])
        x = x.reshape(self.dims)
        if self.content == "distribution":  # cumsum adds one after the other, as the loop in C++
            axis = 1 if len(self.dims) > 1 else 0
            x = x / np.take(np.cumsum(x, axis=axis), [-1], axis=axis)
        integer = self.dtype in ("u8", "i32", "i64")
        return x.astype(np.int64) if integer else x.astype(np.float32).astype(np.float64)


class Params(dict):
    """Fields by name; None for those that are left out, which then have the defaults of the op."""

    def __getattr__(self, name):
        return self.get(name)


class Names(dict):
    """The names that stand in params: functions and numbers here, enumerators as lower-case text without the kind."""

    def __missing__(self, name):
        assert name.startswith("GLIA_"), f"unknown name {name}"
        return re.sub(r"^GLIA_((UNARY|BINARY|REDUCE|REDUCTION|RANDOM|LOSS|FROM|INTERPOLATE|COORDINATES|ROUNDING)_)?", "", name).lower()


NAMES = Names(
    true=True, false=False, INFINITY=math.inf, GLIA_END=None, GLIA_SCALAR=(),
    GLIA_AXIS=lambda i: 1 << (i & 31),
    GLIA_SHAPE=lambda *dims: dims,
    f32=lambda x: float(np.float32(x)),
    F=lambda *d: Input("signed", d),
    WIDE=lambda value, *d: Input("wide", d, None, value),
    POS=lambda *d: Input("positive", d),
    UNIT=lambda *d: Input("unit", d),
    DIST=lambda *d: Input("distribution", d),
    WHOLE=lambda *d: Input("whole", d),
    SPECIAL=lambda *d: Input("special", d),
    CONST=lambda value, *d: Input("constant", d, None, value),
    INDEX=lambda bound, *d: Input("index", d, "i64", bound),
    INDEX32=lambda bound, *d: Input("index", d, "i32", bound),
    VALUE=lambda dtype, value, *d: Input("constant", d, dtype, value),
    STEP=lambda: Input("step", (), "i64"),
    NONE=None,
)


def split(text):
    """At the commas outside of brackets."""
    parts, depth, part = [], 0, ""
    for c in text:
        depth += (c in "({") - (c in ")}")
        if c == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += c
    return parts + [part.strip()] if part.strip() else parts


def evaluate(text):
    if text.startswith("{"):
        parts = split(text[1:-1])
        return fields(parts) if parts and parts[0].startswith(".") else [evaluate(part) for part in parts]
    return eval(re.sub(r"\b(\d+(?:\.\d*)?(?:e-?\d+)?)f\b", r"f32(\1)", text), {"__builtins__": {}}, NAMES)


def fields(parts):
    return Params((name.strip(" ."), evaluate(value.strip())) for name, value in (part.split("=", 1) for part in parts))


class Case:
    def __init__(self, macro, text):
        op, name, params, *inputs = split(text)
        self.op, self.name, self.steps = op, name, macro == "STEPS"
        self.params = fields(split(params.removeprefix("PARAMS(").removesuffix(")")))
        self.inputs = [evaluate(part) for part in inputs]
        self.seed = fnv1a(f"{op}/{name}")
        # Of the whole line: a case that was changed and not recorded again is found out.
        self.fingerprint = fnv1a(re.sub(r"\s", "", ",".join([op, name, params, ",".join(inputs)])))

    def numbers(self, step=0):
        return [None if x is None else x.numbers(self.seed, i, step) for i, x in enumerate(self.inputs)]


def read(path):
    return [Case(*m.groups()) for m in re.finditer(r"^(CASE|STEPS)\((.*)\)$", path.read_text(), re.MULTILINE)]
