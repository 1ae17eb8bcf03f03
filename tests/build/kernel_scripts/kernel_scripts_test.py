"""The scripts that look at compiled kernels, without nvcc: scripts/support/sass.py and scripts/check_machine_code on
the listings of kernels.cu and on small ones made here, and what scripts/check_kernels compiles and reads."""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import sys
import tempfile
import types
import unittest
import unittest.mock

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "..", "..", "..", "scripts")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SCRIPTS, "support"))
import check_launches  # noqa: E402
import sass  # noqa: E402


def load_script(name):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(SCRIPTS, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


check_machine_code = load_script("check_machine_code")
check_kernels = load_script("check_kernels")


def kernel(text, registers=32, threads=256, shared=0):
    """Of a listing of instructions, 16 bytes each."""
    lines = [line.strip() for line in text.strip().splitlines()]
    listing = "\n".join(f"/*{16 * at:04x}*/  {line} ;  /* 0x0 */" for at, line in enumerate(lines))
    return sass.Kernel("some_kernel<float>", registers, threads, shared, sass.instructions_of(listing))


def recorded():
    """{name: Kernel}, by way of a cuobjdump that prints the listings."""
    with tempfile.TemporaryDirectory() as folder:
        cuobjdump = os.path.join(folder, "cuobjdump")
        with open(cuobjdump, "w") as file:
            file.write('#!/bin/sh\nexec cat "$2.${1#-}"\n')
        os.chmod(cuobjdump, 0o755)
        kernels = sass.kernels_of(os.path.join(HERE, "kernels"), cuobjdump)
    return {kernel.name: kernel for kernel in kernels}


class Recorded(unittest.TestCase):
    def setUp(self):
        kernels = recorded()
        self.assertEqual(list(kernels), ["copy_kernel<float>", "product_kernel"])
        self.copy, self.product = kernels.values()

    def test_resources(self):
        self.assertEqual((self.copy.registers, self.copy.threads, self.copy.shared), (32, 256, 0))
        self.assertEqual((self.product.registers, self.product.threads, self.product.shared), (26, 128, 17408))
        self.assertEqual(sass.blocks_per_multiprocessor(self.copy), 8)  # of 64 warps
        self.assertEqual(sass.blocks_per_multiprocessor(self.product), 12)  # of 227 KB

    def test_instructions(self):
        self.assertEqual(self.copy.code[9], sass.Instruction(0x90, "!P0", "BRA", "0x180"))
        self.assertEqual(self.copy.code[0x400 // 16],
                         sass.Instruction(0x400, None, "LDG.E.128", "R4, desc[UR4][R20.64+-0x2000]"))
        self.assertEqual((self.copy.code[-1].address, self.product.code[-1].address), (0x840, 0x4f0))

    def test_the_path_of_a_copy(self):
        order, loops = sass.Flow(self.copy.code, sass.is_wide).path()
        addresses = [self.copy.code[index].address for index in order]
        self.assertNotIn(0x100, addresses)  # a load of 4 bytes
        self.assertEqual([(addresses[first], addresses[last]) for first, last in loops], [(0x550, 0x820)])
        path = sass.hot_path(self.copy)
        self.assertEqual((path.instructions, path.accesses, path.loads, path.in_flight), (46, 32, 16, 4))
        self.assertEqual((path.ops["BRX"], path.ops["generic"]), (0, 0))
        row = check_machine_code.memory_row(self.copy)
        self.assertEqual((row.blocks, row.in_flight, row.per_access, row.roof), (8, 4, 1, 100))

    def test_the_loops_of_a_product(self):
        found = sass.products(self.product)
        self.assertEqual((found.share, found.instructions, found.in_flight), (4 / 18, 36, 1))
        self.assertIsNone(sass.products(self.copy))


class InFlight(unittest.TestCase):
    def most(self, text):
        return sass.in_flight(kernel(text).code)

    def test_loads_that_nothing_has_read(self):
        self.assertEqual(self.most("""LDG.E.128 R4, [R2.64]
                                      LDG.E.128 R8, [R2.64+0x10]
                                      FADD R20, R20, R7
                                      LDG.E.128 R12, [R2.64+0x20]"""), 2)

    def test_a_store_reads_its_value(self):
        self.assertEqual(self.most("""LDG.E.128 R4, [R2.64]
                                      STG.E.128 [R20.64], R4
                                      LDG.E.128 R8, [R2.64+0x10]"""), 1)

    def test_registers_that_are_written_again(self):
        self.assertEqual(self.most("""LDG.E.128 R4, [R2.64]
                                      MOV R5, RZ
                                      LDG.E.128 R8, [R2.64+0x10]"""), 1)

    def test_narrow_loads_and_those_of_shared_memory(self):
        self.assertEqual(self.most("""LDG.E R4, [R2.64]
                                      LDS.128 R8, [R20]"""), 0)


class Paths(unittest.TestCase):
    def addresses(self, text):
        code = kernel(text).code
        return [code[index].address for index in sass.Flow(code, sass.is_wide).path()[0]]

    def test_around_a_call(self):
        self.assertEqual(self.addresses("""@P0 BRA 0x20
                                           CALL.REL.NOINC 0x40
                                           LDG.E.128 R4, [R2.64]
                                           EXIT"""), [0, 0x20, 0x30])

    def test_through_a_call_where_there_is_no_other(self):
        self.assertEqual(self.addresses("""CALL.REL.NOINC 0x40
                                           LDG.E.128 R4, [R2.64]
                                           EXIT"""), [0, 0x10, 0x20])

    def test_not_along_narrow_accesses(self):
        self.assertEqual(self.addresses("""@P0 BRA 0x30
                                           LDG.E R4, [R2.64]
                                           BRA 0x50
                                           MOV R8, RZ
                                           MOV R9, RZ
                                           LDG.E.128 R4, [R2.64]
                                           EXIT"""), [0, 0x30, 0x40, 0x50, 0x60])

    def test_an_outer_loop_counts_whole(self):
        path = sass.hot_path(kernel("""MOV R0, RZ
                                       MOV R1, RZ
                                       LDG.E.128 R4, [R2.64]
                                       @P0 BRA 0x20
                                       @P1 BRA 0x10
                                       EXIT"""))
        self.assertEqual((path.instructions, path.accesses), (4, 1))

    def test_a_loop_that_a_branch_in_its_middle_leaves(self):
        path = sass.hot_path(kernel("""MOV R0, RZ
                                       @P0 BRA 0x40
                                       LDG.E.128 R4, [R2.64]
                                       BRA 0x10
                                       EXIT"""))
        self.assertEqual((path.instructions, path.accesses), (3, 1))

    def test_without_a_loop_all_counts(self):
        path = sass.hot_path(kernel("""MOV R0, RZ
                                       LD.E R9, [R2.64]
                                       STG.E.128 [R2.64], R4
                                       EXIT"""))
        self.assertEqual((path.instructions, path.accesses, path.loads, path.ops["generic"]), (4, 1, 0, 1))

    def test_loops_through_shared_memory_count_beside_those_that_fill_it(self):
        fill = """LDGSTS.E.128 [R4], [R2.64]
                  LDGDEPBAR
                  @P0 BRA 0x0
                  DEPBAR.LE SB0, 0x1
                  """
        read = """LDS.128 R8, [R4]
                  @P1 BRA {}
                  EXIT"""
        path = sass.hot_path(kernel(fill + read.format("0x40")))
        self.assertEqual((path.instructions, path.accesses, path.loads, path.in_flight), (5, 1, 1, 2))
        path = sass.hot_path(kernel("LDG.E.128 R4, [R2.64]\n" + read.format("0x10")))
        self.assertEqual((path.instructions, path.accesses), (4, 1))

    def test_a_loop_that_merges_sums_of_doubles_does_not_count(self):
        text = """LDG.E.128 R4, [R2.64]
                  @P0 BRA 0x0
                  LDS.128 R8, [R4]
                  {}
                  @P1 BRA 0x20
                  EXIT"""
        for add, instructions in (("DADD R10, R10, R8", 2),
                                  ("FADD R10, R10, R8", 5),
                                  ("F2F.F64.F32 R12, R8\nDADD R10, R10, R12", 6)):  # of a row of floats
            self.assertEqual(sass.hot_path(kernel(text.format(add))).instructions, instructions)

    def test_a_kernel_without_wide_accesses_has_no_row(self):
        self.assertIsNone(check_machine_code.memory_row(kernel("""LDG.E R4, [R2.64]
                                                                  EXIT""")))


class Complaints(unittest.TestCase):
    def complaints(self, before, now):
        rows = [{} if row is None else {"k": check_machine_code.Row(*row)} for row in (before, now)]
        return [line.partition("; ")[0] for line in check_machine_code.complaints("f.cu", *rows)]

    def test_what_got_worse(self):
        good = (32, 8, 4, 20, 0, 0, 100)
        self.assertEqual(self.complaints(good, good), [])
        self.assertEqual(self.complaints(good, (40, 6, 2, 25, 0, 0, 98)), [])
        self.assertEqual(self.complaints(good, (32, 8, 4, 20, 1, 0, 97)),
                         ["f.cu: k: indirect was 0 and is 1", "f.cu: k: roof was 100 and is 97"])
        self.assertEqual(self.complaints(None, good), ["f.cu: k: it is new"])
        self.assertEqual(self.complaints(good, None), ["f.cu: k: its hot path is gone"])

    def test_the_table_comes_back(self):
        table = {"a.cu": ("0123", {"k<float, 4>": check_machine_code.Row(32, 8, 4, 20, 0, 0, 100)}), "b.cu": ("45", {})}
        with tempfile.TemporaryDirectory() as folder, \
                unittest.mock.patch.object(check_machine_code, "TABLE", os.path.join(folder, "table.tsv")):
            self.assertEqual(check_machine_code.read_table(), ("no nvcc", {}))
            check_machine_code.write_table("nvcc 13.0.88", table)
            self.assertEqual(check_machine_code.read_table(), ("nvcc 13.0.88", table))


class CheckKernels(unittest.TestCase):
    def plan(self, text_of, ship):
        def run(command):
            architecture = int(command[2].rpartition("_")[2])
            return types.SimpleNamespace(stdout=f"# 1 of {architecture}\n{text_of(architecture)}\n")

        with unittest.mock.patch.object(check_kernels.kernel_sources, "run", run):
            return check_kernels.Compiler("nvcc", "").plan("k.cu", [75, 80, 90, 120], ship)

    def test_equal_texts_share_their_ptx(self):
        self.assertEqual(self.plan(lambda a: "text", False), [("k.cu", 75, [75, 80, 90, 120])])
        self.assertEqual(self.plan(lambda a: a >= 80, False), [("k.cu", 75, [75]), ("k.cu", 80, [80, 90, 120])])

    def test_a_release_leaves_no_architecture_out(self):
        self.assertEqual(self.plan(lambda a: "text", True), [("k.cu", 75, [75]), ("k.cu", 80, [80, 90, 120])])
        self.assertEqual(self.plan(lambda a: a >= 90, True), [("k.cu", 75, [75]), ("k.cu", 90, [90, 120]),
                                                              ("k.cu", 80, [80, 90, 120])])

    def test_what_ptxas_says(self):
        report = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_Z6kernelIfEvPT_' for 'sm_90a'
ptxas info    : Function properties for _Z6kernelIfEvPT_
    8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 255 registers""".splitlines()
        limits, used = {("k.cu", "kernel"): check_kernels.Use(8, 12)}, set()
        self.assertEqual(list(check_kernels.complaints({"k.cu": report}, limits, used)),
                         ["k.cu: kernel<float>: sm_90: 8 bytes of stack, 16 of spilled registers; kernels/limits.txt "
                          "allows 8 and 12"])
        self.assertEqual(used, {("k.cu", "kernel")})


class CheckLaunches(unittest.TestCase):
    """Of kernels that the device ptx never launched."""
    LAUNCHES = ("3 s1 void glia::(anonymous namespace)::rows<float, 1>(glia::job<float>)\n"
                "0 s2 void glia::(anonymous namespace)::rows<double, 1>(glia::job<double>)\n"
                "0 s3 glia::(anonymous namespace)::flat(unsigned int const*)\n", "0 s1 rows<float, 1>()\n1 s3 flat()\n")

    def run_with(self, list_text, *options):
        """The exit status, what was printed, and the list afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("list", "launches.0", "launches.1")]
            for path, text in zip(paths, (list_text, *self.LAUNCHES)):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                status = check_launches.main([*options, *paths])
            with open(paths[0], encoding="utf-8") as file:
                return status, printed.getvalue(), file.read()

    def test_the_list_has_to_fit(self):
        self.assertEqual(self.run_with("# why\nrows 1 no case\n")[:2], (0, "3 kernels, 1 of them never launched\n"))
        for text, complaint in (("", "rows: 1 instances were never launched, 0 may be:\n  void glia"),
                                ("rows 2 no case\n", "rows: 1 instances were never launched, the list allows 2"),
                                ("rows 1 no case\nflat 1 no case\n", "flat: 0 instances were never launched, the"),
                                ("rows 1\n", "rows: the list gives no reason")):
            status, printed, _ = self.run_with(text)
            self.assertEqual(status, 1, text)
            self.assertIn(complaint, printed)

    def test_renewing_keeps_reasons(self):
        status, _, text = self.run_with("# why\nflat 1 no case\nrows 5 too long\n", "--renew")
        self.assertEqual((status, text), (0, "# why\nrows 1 too long\n"))
        status, printed, text = self.run_with("# why\n", "--renew")
        self.assertEqual((status, text), (1, "# why\nrows 1\n"))
        self.assertIn("rows: the list gives no reason", printed)

    def test_without_kernels_nothing_is_proven(self):
        with tempfile.NamedTemporaryFile() as empty:
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(check_launches.main([empty.name, empty.name]), 1)


if __name__ == "__main__":
    unittest.main()
