#!/usr/bin/env python3
"""Fails if a kernel instance was never launched, unless a list says how many of a kernel may be, and why.

check_launches.py [--renew] LIST LAUNCHES...

LAUNCHES are files that the device ptx wrote, a line for each kernel: how often, its symbol, its name. LIST has lines
"KERNEL INSTANCES REASON". An instance more than it says is a failure, and so is one less, or a line without a reason.
--renew writes the numbers, and keeps the reasons.
"""
import collections
import sys

import kernel_names


def read_launches(paths):
    """{symbol: [launches, name]}"""
    kernels = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                count, symbol, name = line.rstrip("\n").split(" ", 2)
                kernels.setdefault(symbol, [0, name])[0] += int(count)
    return kernels


def never_launched(kernels):
    """{kernel: [names of the instances]}"""
    never = collections.defaultdict(list)
    for count, name in kernels.values():
        if count == 0:
            never[kernel_names.short(name).split("<")[0]].append(name)
    return never


def read_list(path):
    """The comment on top, and {kernel: (instances, reason)}."""
    comment, allowed = [], {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                comment.append(line)
            elif line.strip():
                kernel, instances, *reason = line.strip().split(" ", 2)
                allowed[kernel] = (int(instances), reason[0] if reason else "")
    return "".join(comment), allowed


def complaints(never, allowed):
    lines = []
    for kernel in sorted(set(never) | set(allowed)):
        count, (most, reason) = len(never.get(kernel, ())), allowed.get(kernel, (0, ""))
        if count > most:
            names = "".join(f"\n  {name}" for name in sorted(never[kernel]))
            lines.append(f"{kernel}: {count} instances were never launched, {most} may be:{names}")
        elif count < most:
            lines.append(f"{kernel}: {count} instances were never launched, the list allows {most}")
        elif not reason:
            lines.append(f"{kernel}: the list gives no reason")
    return lines


def renewed(comment, never, allowed):
    rows = [f"{kernel} {len(never[kernel])} {allowed.get(kernel, (0, ''))[1]}".rstrip() for kernel in sorted(never)]
    return comment + "".join(row + "\n" for row in rows)


def main(arguments):
    renew = "--renew" in arguments
    path, *launches = [argument for argument in arguments if argument != "--renew"]
    kernels = read_launches(launches)
    never = never_launched(kernels)
    comment, allowed = read_list(path)
    if renew:
        with open(path, "w", encoding="utf-8") as file:
            file.write(renewed(comment, never, allowed))
        allowed = read_list(path)[1]
    lines = complaints(never, allowed) if kernels else [f"no kernel is in {', '.join(launches) or 'no file'}"]
    print(*lines, f"{len(kernels)} kernels, {sum(map(len, never.values()))} of them never launched", sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
