"""Files of safetensors with numpy alone: the peers' environments have different packages."""
import json

import numpy as np

DTYPES = {"F32": np.dtype("<f4"), "I32": np.dtype("<i4"), "I64": np.dtype("<i8")}


def write(path, tensors):
    names = {dtype: name for name, dtype in DTYPES.items()}
    header, offset = {}, 0
    tensors = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    for name, values in tensors.items():
        header[name] = {"dtype": names[values.dtype], "shape": values.shape, "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)  # the values begin at a multiple of 64
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in tensors.values():
            file.write(values.data)


def read(path):
    """Maps the file: {name: array}."""
    data = np.memmap(path, np.uint8, "c")
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8:start].tobytes())
    return {name: data[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]].view(DTYPES[entry["dtype"]])
            .reshape(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
