"""What is known of the machine and of the tree."""
import ctypes
import os
import subprocess
import sys


def has_gpu():
    """Whether the CUDA driver is there and sees one."""
    count = ctypes.c_int(0)
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def environment():
    """Python's nvidia packages count for CMake and for Glia when the interpreter that has them is known."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GLIA_", "GTEST_"))}
    env.setdefault("VIRTUAL_ENV", sys.prefix)
    return env


def commit(root):
    """As git knows it, or, in a tree that travels without git, as scripts/gpu_pack wrote it down."""
    packed = os.path.join(root, "third_party", "COMMIT")
    if os.path.exists(os.path.join(root, ".git")):
        try:
            run = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True)
        except OSError:
            run = None
        if run and run.returncode == 0:
            return run.stdout.strip()
    if os.path.exists(packed):
        with open(packed) as file:
            return file.read().strip()
    return "unknown"
