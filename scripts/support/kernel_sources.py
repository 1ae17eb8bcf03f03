"""The CUDA sources under kernels/: which there are, a hash of what each includes, how nvcc compiles one; its tools."""
import glob
import hashlib
import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE_FOLDERS = ("", "src", "include")


def sources():
    found = []
    for folder, _, names in os.walk(os.path.join(ROOT, "kernels")):
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names if name.endswith(".cu")]
    return sorted(found)


def text_of(path):
    with open(os.path.join(ROOT, path)) as file:
        return file.read()


def files_behind(source, seen):
    """source and the files of ours that nvcc reads for it: not those of the emulator."""
    if source in seen:
        return
    seen.add(source)
    for name in re.findall(r'^\s*#\s*include\s*"(?!emulator/)([^"]+)"', text_of(source), re.M):
        for folder in (os.path.dirname(source),) + INCLUDE_FOLDERS:
            path = os.path.normpath(os.path.join(folder, name))
            if os.path.isfile(os.path.join(ROOT, path)):
                files_behind(path, seen)
                break


def code_of(path):
    """The file without comments, empty lines and spaces at the ends of lines: what the compiler sees."""
    text = re.sub(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/', lambda match: match[1] or " ", text_of(path),
                  flags=re.S)
    return "".join(line.rstrip() + "\n" for line in text.splitlines() if line.strip())


def hash_of(source, salt=""):
    """Of the code of source and of all that it includes."""
    seen = set()
    files_behind(source, seen)
    digest = hashlib.sha256(repr(salt).encode())
    for path in sorted(seen):
        digest.update(f"{path}\0{code_of(path)}\0".encode())
    return digest.hexdigest()[:16]


def run(command):
    """The finished process; RuntimeError: it failed."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr[-2000:]}")
    return done


def nvcc_version(nvcc):
    text = run([nvcc, "--version"]).stdout
    version = re.search(r"V(\d[\d.]*)", text)
    if not version:
        raise RuntimeError(f"{nvcc} --version tells none: {text.strip()}")
    return "nvcc " + version[1]


def flags_of(source):
    """As src/cuda/CMakeLists.txt has them."""
    flags = ["-O3", "-std=c++17", "-DNDEBUG", "-Wno-deprecated-gpu-targets"]
    flags += ["-I" + os.path.join(ROOT, name) for name in INCLUDE_FOLDERS]
    return flags + (["--fmad=false"] if source.startswith(("kernels/random/", "kernels/data/")) else [])


def find_tool(name):
    """A tool of the CUDA toolkit: in the path, in the toolkit's folder or in build/tools; or None."""
    folders = glob.glob(os.path.join(ROOT, "build", "tools", "lib", "python3*", "site-packages", "nvidia", "*", "bin"))
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=os.pathsep.join([path, "/usr/local/cuda/bin", *folders]))
