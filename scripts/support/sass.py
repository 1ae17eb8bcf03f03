"""Reads the machine code (SASS) of a cubin: its kernels, and the path of each through its 16-byte accesses."""
import collections
import re

import kernel_names
import kernel_sources

WIDE_BYTES = 16
REGISTERS, WARPS, BLOCKS, SHARED_BYTES = 65536, 64, 32, 227 * 1024  # of a multiprocessor of compute capability 9.0
RESERVED_SHARED_BYTES, MOST_THREADS = 1024, 1024  # of each block

Instruction = collections.namedtuple("Instruction", "address predicate op operands")
# registers of a thread, threads and bytes of shared memory of a block, instructions
Kernel = collections.namedtuple("Kernel", "name registers threads shared code")
# instructions executed, 16-byte accesses among them, most 16-byte loads on their way at once, ops by name
Path = collections.namedtuple("Path", "instructions accesses loads in_flight ops")


def kernels_of(cubin, cuobjdump):
    """[Kernel] of the cubin, in its order."""
    def listing(option):
        return kernel_sources.run([cuobjdump, option, cubin]).stdout

    usage = {name: (int(registers), int(shared)) for name, registers, shared in re.findall(
        r"Function (\S+):\s+REG:(\d+) .*?SHARED:(\d+)", listing("-res-usage"))}
    threads = {}
    for part in listing("-elf").split("\n.nv.info.")[1:]:
        bound = re.search(r"EIATTR_(?:MAX_THREADS|REQNTID)\s+Format:\s+\S+\s+Value:\s+(\w+) (\w+) (\w+)", part)
        if bound:
            x, y, z = (int(value, 16) for value in bound.groups())
            threads[part.split("\n", 1)[0].strip()] = x * y * z
    code = {}
    for part in re.split(r"\n\s*Function : ", listing("-sass"))[1:]:
        name, text = part.split("\n", 1)
        code[name.strip()] = instructions_of(text)
    names = kernel_names.readable(list(code))
    return [Kernel(names[key], usage[key][0], threads.get(key, MOST_THREADS), usage[key][1], code[key]) for key in code]


def instructions_of(text):
    code = []
    for address, line in re.findall(r"/\*([0-9a-f]{4,5})\*/\s+(.*?);\s+/\*", text):
        predicate, op, operands = re.match(r"(?:@(!?U?P\w+)\s+)?([A-Z0-9_.]+)\s*(.*)", line.strip()).groups()
        code.append(Instruction(int(address, 16), predicate, op, operands))
    return code


def blocks_per_multiprocessor(kernel):
    warps = -(-kernel.threads // 32)
    by_registers = REGISTERS // (-(-kernel.registers * 32 // 256) * 256) // warps
    by_shared = SHARED_BYTES // (kernel.shared + RESERVED_SHARED_BYTES)
    return min(by_registers, WARPS // warps, BLOCKS, by_shared)


def op_of(instruction):
    return instruction.op.split(".")[0]


def ops_of(instructions):
    ops = collections.Counter(map(op_of, instructions))
    ops["generic"] = ops["LD"] + ops["ST"]
    return ops


def is_global(instruction):
    return op_of(instruction) in ("LDG", "STG", "LDGSTS")


def is_global_load(instruction):
    return op_of(instruction) == "LDG"


def is_of_tile(instruction):
    """Loads a tile, or stores it to shared memory."""
    return is_vector_load(instruction) or op_of(instruction) == "STS"


def is_vector_load(instruction):
    return is_global_load(instruction) and instruction.op.endswith((".64", ".128"))


def is_wide(instruction):
    return is_global(instruction) and ".128" in instruction.op


def registers_in(text):
    found = set()
    for first, width in re.findall(r"\bR(\d+)(\.64)?", text):
        found.update((int(first), int(first) + 1) if width else (int(first),))
    return found


class Flow:
    """Where a kernel's instructions lead, and how far each is from an access that is wanted."""

    NARROW, SLOW = 200, 1000  # what another access and a call cost: the path takes neither where there is a way around

    def __init__(self, code, is_wanted):
        self.code, self.is_wanted = code, is_wanted
        self.at = {instruction.address: index for index, instruction in enumerate(code)}
        self.next = [self.successors(index) for index in range(len(code))]
        self.distance = self.distances()

    def successors(self, index):
        """The indices that may follow: [next, target of the branch]."""
        instruction, after = self.code[index], index + 1
        following = [after] if after < len(self.code) else []
        op = op_of(instruction)
        if op == "BRA" and ".DIV" not in instruction.op:
            target = self.at.get(int(re.findall(r"0x([0-9a-f]+)", instruction.operands)[-1], 16))
            target = [] if target is None else [target]
            conditional = instruction.predicate or re.match(r"!?U?P\d", instruction.operands)
            return following + target if conditional else target
        if op in ("EXIT", "BRX", "RET") and not instruction.predicate:
            return []
        return following

    def cost(self, index):
        instruction = self.code[index]
        if is_global(instruction) and not self.is_wanted(instruction) and not instruction.predicate:
            return self.NARROW
        return self.SLOW if instruction.op.startswith(("CALL", "BRX")) else 1

    def distances(self):
        """To the nearest wanted access; infinite where there is none."""
        distance = [0 if self.is_wanted(instruction) else float("inf") for instruction in self.code]
        changed = True
        while changed:
            changed = False
            for index in reversed(range(len(self.code))):
                best = min((distance[to] for to in self.next[index]), default=float("inf")) + self.cost(index)
                if best < distance[index]:
                    distance[index], changed = best, True
        return distance

    def path(self, within=None):
        """(indices in the order of execution, loops as (first, last) positions in it); the body of a loop runs once.
        within: a range of indices that the path does not leave."""
        within = within or range(len(self.code))
        order, position, loops = [], {}, []

        def following(at):
            return [to for to in self.next[at] if to in within]

        index = within.start
        while True:
            while index is not None and index not in position:
                position[index] = len(order)
                order.append(index)
                loops += [(position[to], position[index]) for to in following(index) if to in position]
                index = min(following(index), key=lambda to: (to in position, self.distance[to]), default=None)
            if index is None:
                return order, loops
            # Out of a loop without an end, by the last branch in it that leads elsewhere.
            body = order[position[index]:]
            index = next((to for at in reversed(body) for to in following(at) if to not in position), None)


def outermost(loops):
    kept = []
    for first, last in sorted(loops, key=lambda loop: (loop[0], -loop[1])):
        if not kept or first > kept[-1][1]:
            kept.append((first, last))
    return kept


def in_flight(instructions, is_load=lambda instruction: is_wide(instruction) and is_global_load(instruction)):
    """Most loads whose registers nothing has read yet."""
    waiting, most = {}, 0
    for number, instruction in enumerate(instructions):
        first, _, rest = instruction.operands.partition(",")
        stores = instruction.op.startswith(("ST", "RED"))
        used = registers_in(instruction.operands if stores else rest)
        written = set() if stores else registers_in(first)
        waiting = {load: taken for load, taken in waiting.items() if not taken & (used | written)}
        if is_load(instruction):
            register = int(re.match(r"R(\d+)", first)[1])
            width = re.search(r"\.(64|128)\b", instruction.op)
            waiting[number] = set(range(register, register + (int(width[1]) // 32 if width else 1)))
            most = max(most, len(waiting))
    return most


def copies_in_flight(instructions):
    """Copies from global to shared memory (LDGSTS): those of the groups that an await leaves, and of one more. Of a whole
    kernel: its groups are alike, and its path may pass by the loop that awaits them."""
    ops = ops_of(instructions)
    left = [int(re.search(r"0x([0-9a-f]+)", instruction.operands)[1], 16) for instruction in instructions
            if op_of(instruction) == "DEPBAR" and "SB0" in instruction.operands]
    return ops["LDGSTS"] // ops["LDGDEPBAR"] * (max(left) + 1) if left and ops["LDGDEPBAR"] else 0


def merges_doubles(body):
    """Whether a loop adds doubles that were not converted in it: sums of a block, for no path has rows of doubles."""
    ops = ops_of(body)
    return ops["DADD"] > 0 and ops["F2F"] == 0


def visits_rows(body):
    """Whether a loop has 16-byte accesses, or reads what lies in shared memory since."""
    return any(map(is_wide, body)) or (any(i.op == "LDS.128" for i in body) and not merges_doubles(body))


def hot_path(kernel):
    """The path through the 16-byte accesses: its loops that visit rows; the whole path where no loop holds any."""
    order, loops = Flow(kernel.code, is_wide).path()
    whole = [kernel.code[index] for index in order]
    bodies = [whole[first:last + 1] for first, last in outermost(loops)]
    bodies = list(filter(visits_rows, bodies))
    hot = [instruction for body in bodies for instruction in body]
    hot = hot if any(map(is_wide, hot)) else whole
    wide = [instruction for instruction in hot if is_wide(instruction)]
    loads = sum(op_of(instruction) != "STG" for instruction in wide)
    return Path(len(hot), len(wide), loads, max(in_flight(whole), copies_in_flight(kernel.code)), ops_of(hot))


# share of multiply-adds in the innermost loop, instructions of the loop over tiles, its loads on their way, ops of both
Products = collections.namedtuple("Products", "share instructions in_flight ops")


def products(kernel):
    """Of the loop over tiles, which loads them, and of the loop in it that multiplies; None where there is none."""
    code, flow = kernel.code, Flow(kernel.code, is_of_tile)
    unit = "HMMA" if any(op_of(instruction) == "HMMA" for instruction in code) else "FFMA"
    loops = [(first, last) for last, following in enumerate(flow.next) for first in following if first < last]
    # Functions of the epilogue multiply too, in loops that store.
    ops = {loop: list(map(op_of, code[loop[0]:loop[1] + 1])) for loop in loops}
    multiply = [loop for loop in loops if unit in ops[loop]]
    loops = [loop for loop in multiply if "STG" not in ops[loop]]
    over_tiles = [loop for loop in loops if "LDG" in ops[loop]]
    inner = [loop for loop in loops if "LDG" not in ops[loop]]
    if not over_tiles and unit == "HMMA":  # a loop over steps, each of which stores its results
        over_tiles = [loop for loop in multiply if "LDG" in ops[loop]]
    if not over_tiles:  # a loop over tiles of the result
        over_tiles = [(first, last) for first, last in multiply if "LDG" in ops[first, last]
                      and any(first <= start and end <= last for start, end in inner)]
    if not over_tiles:
        return None
    first, last = min(over_tiles, key=lambda loop: loop[1] - loop[0])
    tile = [code[index] for index in flow.path(range(first, last + 1))[0]]
    share = max(body.count(unit) / len(body) for body in [ops[loop] for loop in inner] or [list(map(op_of, tile))])
    return Products(share, len(tile), in_flight(tile, is_vector_load), ops_of(tile))
