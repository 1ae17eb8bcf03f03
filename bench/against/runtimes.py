"""Builds and starts the programs of ONNX Runtime and RTNeural, outside of the tree."""
import glob
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FAST = ["-O3", "-march=native", "-ffast-math", "-I", HERE]


def build(command):
    out = subprocess.run(command, capture_output=True, text=True)
    if out.returncode != 0:
        raise SystemExit(f"peers: {' '.join(command)} failed:\n{out.stderr[:2000]}")


def onnxruntime_library(python):
    """The library in PYTHON's package."""
    code = "import onnxruntime, os; print(os.path.dirname(onnxruntime.__file__))"
    folder = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()
    found = glob.glob(os.path.join(folder, "capi", "libonnxruntime.so*")) if folder else []
    if not found:
        raise SystemExit(f"peers: {python} has no onnxruntime")
    return found[0]


class OnnxRuntime:
    name = "ONNX Runtime"

    def __init__(self, headers, python, folder):
        library = onnxruntime_library(python)
        self.version = library.rsplit(".so.", 1)[-1]
        self.program = os.path.join(folder, "onnxruntime")
        os.symlink(library, os.path.join(folder, "libonnxruntime.so.1"))  # the name that programs ask for
        build(["cc", "-std=gnu17", *FAST, "-I", headers, os.path.join(HERE, "onnxruntime.c"), library,
               f"-Wl,-rpath,{folder}", "-o", self.program])

    def command(self, network, folder):
        size = {"cnn_fashion": 784, "lstm_stream": 1}.get(network.name, network.width)
        return [self.program, folder, str(size), str(network.width if network.name == "lstm_stream" else 0)]


class RTNeural:
    name = "RTNeural"

    def __init__(self, sources, folder):
        self.sources, self.folder = sources, folder
        git = subprocess.run(["git", "-C", sources, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
        self.version = git.stdout.strip() or "sources"

    def command(self, network, folder):
        program = os.path.join(self.folder, f"rtneural_{network.name}_{network.width}")
        build(["c++", "-std=c++17", *FAST, "-DRTNEURAL_USE_EIGEN=1", "-DRTNEURAL_DEFAULT_ALIGNMENT=32",
               f"-DNETWORK={network.name}", f"-DWIDTH={network.width}",
               "-I", self.sources, "-isystem", os.path.join(self.sources, "modules", "Eigen"),
               os.path.join(HERE, "rtneural.cc"), "-o", program])
        return [program, folder]
