"""Names of kernels, as people read them."""
import re
import subprocess


def readable(mangled):
    """{mangled name: the kernel with its template arguments, without our namespaces, return type and parameters}"""
    text = subprocess.run(["c++filt"], input="\n".join(mangled), capture_output=True, text=True, check=True).stdout
    return dict(zip(mangled, map(short, text.splitlines())))


def short(signature):
    text = re.sub(r"\(anonymous namespace\)::|glia::|^void ", "", signature).replace("> >", ">>")
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "<") - (character == ">")
        if character == "(" and depth == 0:
            return text[:at]
    return text
