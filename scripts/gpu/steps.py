"""The steps of scripts/gpu_check. Each returns a line of words, or raises an Outcome."""
import collections
import json
import os
import platform
import re
import shutil
import sys
import time

from gpu import gtest
from gpu.commands import ANY_EXIT_CODE, Job, last_words
from gpu.outcome import Failure, Skip

SANITIZER_FOUND = 86
# Memory from the pool: cudaMalloc for each tensor, for tools that watch addresses, would take most of the time.
POOLED = {"GLIA_CUDA_CHUNK": str(64 << 20)}
OWN_KERNELS = {"GLIA_PROVIDER": "cuda.portable"}
NETWORKS = (("mnist_dense", 1000), ("cnn_fashion", 200), ("resnet18_cifar", 50))  # and steps of an epoch
MOST_TESTS_ALONE = 40
FIRST_DEVICE_TESTS = [f"cuda_{name}_test" for name in ("training", "plan", "context", "tensor", "pool")]
# Of tests of provider_test, behind the name of the op.
F32_REALS, SHIFTED = "*__f32__reals__*", "*__f32_shifted__*"


class Steps:
    """root: the tree. build: a folder with bin/ and lib/. work: the folder for files. device: a real GPU if its name
    begins with cuda; otherwise lists are short. again: tests that failed before. Each step gets `commands` of its
    own."""

    def __init__(self, root, build, work, device, again=()):
        self.root, self.build, self.work, self.device, self.again = root, build, work, device, list(again)
        self.real = device.startswith("cuda")
        self.at_once = max(1, min(8, os.cpu_count() or 1))
        self.commands = None

    def program(self, name):
        path = os.path.join(self.build, "bin", name)
        if not os.path.exists(path):
            raise Skip(f"{name} was not built")
        return path

    def file(self, name):
        return os.path.join(self.work, name)

    # ---- The machine and the build ----

    def machine(self):
        versions = [f"python {platform.python_version()}", f"{os.cpu_count()} cores"]
        for tool in ("nvcc", "cmake", "ninja"):
            if shutil.which(tool):
                text = self.commands.run([tool, "--version"], allowed=ANY_EXIT_CODE).text
                number = re.search(r"\d+[.][\d.]*\d", text)
                versions.append(f"{tool} {number[0] if number else 'of unknown version'}")
        if shutil.which("nvidia-smi"):
            self.commands.run(["nvidia-smi"], allowed=ANY_EXIT_CODE)
            query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
            gpu = self.commands.run(query, allowed=ANY_EXIT_CODE)
            versions += gpu.text.splitlines() if gpu.code == 0 else []
        return ", ".join(versions)

    def make(self):
        started = time.monotonic()
        for tool in ("cmake", "ninja"):
            if not shutil.which(tool):
                raise Failure(f"there is no {tool}, and no --build")
        self.commands.run(["cmake", "--preset", "gpu-local", "-DGLIA_WERROR=OFF"])
        self.commands.run(["cmake", "--build", self.build, "--target", "gpu_check", "--", "-k", "0"])
        return f"{time.monotonic() - started:.0f} s"

    def doctor(self):
        job = self.commands.run([self.program("glia"), "doctor"], allowed=(0, 1))
        section = re.search(rf"^{self.device}\n((?:  .*\n)*)", job.text, re.M)
        test = section and re.search(r"^  self-test +(.*)", section[1], re.M)
        if not test:
            raise Failure(f"{self.device} is not there")
        if not test[1].startswith("ok"):
            raise Failure(test[1])
        if job.code and self.real:
            raise Failure("another device fails")
        return re.search(r"^  device +(.*)", section[1], re.M)[1]

    def constants(self):
        """What a GPU's launches and loads cost, and what cuDNN needs to know of it to plan for it elsewhere."""
        program = self.program("gpu_constants" if self.real else "gpu_constants_emulated")
        text = self.commands.run([program, *([] if self.real else ["--quick"])]).text
        with open(self.file("constants.jsonl"), "w") as file:
            file.write(text)
        facts = self.commands.run([self.program("glia"), "doctor"], allowed=(0, 1)).text
        cudnn = re.search(r"^  cuDNN .*?(/\S+)", facts, re.M)
        if self.real and cudnn:
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cudnn_device.py")
            described = self.commands.run([sys.executable, script, cudnn[1]], allowed=ANY_EXIT_CODE)
            with open(self.file("cudnn_device.json"), "w") as file:
                file.write(described.text)
        constants = [json.loads(line) for line in text.splitlines()]
        return ", ".join(f"{c['constant']} {c['value']:.3g} {c['unit']}" for c in constants)

    # ---- Right or not ----

    def training(self):
        """A narrow ResNet: twice on the device for equal numbers, once on the CPU for the curve."""
        size = ["--synthetic", "500", "--epochs", "2", "--width", "4"] if self.real else \
               ["--synthetic", "40", "--epochs", "1", "--width", "2", "--batch", "8"]
        command = [self.program("resnet_cifar"), *size, "--device"]
        first, second, on_cpu = (curve(self.commands.run(command + [device]).text)
                                 for device in (self.device, self.device, "cpu"))
        if first != second:
            raise Failure(f"two runs differ: {first} and {second}")
        if not first or len(first) != len(on_cpu) or abs(first[0] - on_cpu[0]) > 0.02 * abs(on_cpu[0]):
            raise Failure(f"losses {first} on {self.device}, {on_cpu} on the CPU")
        return f"losses {first}, {on_cpu} on the CPU"

    def device_tests(self):
        """Memory, contexts, recorded plans, training."""
        return self.device_programs(FIRST_DEVICE_TESTS if self.real else ["cuda_plan_test"])

    def more_device_tests(self):
        """The device's other tests but those of faults."""
        if not self.real:
            return self.device_programs(["cuda_cast_test"])
        built = sorted(os.listdir(os.path.join(self.build, "bin")))
        return self.device_programs([name for name in built if re.fullmatch(r"cuda_\w+_test", name)
                                     and name not in FIRST_DEVICE_TESTS + ["cuda_fault_test"]])

    def faults(self):
        """Each CUDA call failing in turn, lost devices, memory that runs out."""
        if self.real:
            return self.device_programs(["cuda_fault_test"], env=OWN_KERNELS)
        return self.device_programs(["cuda_fault_test"], "*that_never_happen*/emulated*")

    def device_programs(self, names, pattern=None, env=None):
        pattern = pattern or ("*/cuda*" if self.real else "*/emulated*")
        built = [name for name in names if os.path.exists(os.path.join(self.build, "bin", name))]
        if not built:
            raise Skip("no cuda_*_test was built")
        jobs = [Job([self.program(name), f"--gtest_filter={pattern}"], env or {}) for name in built]
        return gtest.judge(self.commands.run_all(jobs, self.at_once))

    def provider_listing(self):
        suite = "cuda" if self.real else "emulated"
        wanted = f"{suite}/Provider*" if self.real else f"{suite}/Provider*/unary__*"
        listing = self.commands.run([self.program("provider_test"), "--gtest_list_tests", f"--gtest_filter={wanted}"])
        return gtest.provider_cases(listing.text, suite)

    def provider_jobs(self, pattern, without=()):
        """A process for each op, so that a fault ends no other op's tests; ops with most tests come first. Patterns
        match what follows the op in a test's name."""
        tests_of = collections.Counter(f"{name.partition('/')[0]}/Provider.{gtest.PROVIDER_TEST}/{case.op}__"
                                       for name, case in self.provider_listing().items())
        if not tests_of:
            raise Failure("no test is listed")
        program = self.program("provider_test")
        return [Job([program, f"--gtest_filter={op}{pattern}-{':'.join(op + p for p in without)}"], POOLED)
                for op, _ in tests_of.most_common()]

    def providers(self):
        return gtest.judge(self.commands.run_all(self.provider_jobs(F32_REALS), self.at_once))

    def providers_rest(self):
        """All other cases; tensors at odd addresses, where libraries are likeliest to fail, come last."""
        jobs = self.provider_jobs("*" if self.real else "*__f32__*", without=(F32_REALS, SHIFTED))
        if self.real:
            jobs += self.provider_jobs(SHIFTED)
            jobs.append(Job([self.program("provider_test"), "--gtest_filter=all/Devices*cuda*"], POOLED))
        return gtest.judge(self.commands.run_all(jobs, self.at_once))

    def again_alone(self):
        """Tests that failed in the previous part, one process each, with blocking launches."""
        if not self.again:
            raise Skip("nothing failed before, or there is no --after")
        env = {"CUDA_LAUNCH_BLOCKING": "1", "GLIA_LOG": "dispatch", **POOLED}
        jobs = []
        for name in self.again[:MOST_TESTS_ALONE]:
            program, _, test = name.partition(":")
            jobs.append(Job([self.program(program)] + ([f"--gtest_filter={test}"] if test else []), env))
        note = gtest.judge(self.commands.run_all(jobs, self.at_once))
        left_out = len(self.again) - len(jobs)
        return f"{note}, {left_out} were not tried" if left_out else note

    def fidelity(self):
        """The emulator and the GPU."""
        pair, pattern = ("emulated,cuda:0", "*") if self.real else ("emulated,emulated", "*unary*:*reshape*")
        program = self.program("fidelity_test")
        env = {"GLIA_TEST_PAIR": pair, "GTEST_TOTAL_SHARDS": str(self.at_once)}
        jobs = [Job([program, f"--gtest_filter={pattern}"], {**env, "GTEST_SHARD_INDEX": str(i)})
                for i in range(self.at_once)]
        return gtest.judge(self.commands.run_all(jobs, self.at_once))

    # ---- compute-sanitizer ----

    def sanitized(self, tool):
        """Own kernels in f32 and bf16, one case of each op and provider, each tensor with memory of its own; only after
        the tool has reported its planted bug."""
        sanitizer = shutil.which(os.environ.get("COMPUTE_SANITIZER", "compute-sanitizer"))
        if not sanitizer:
            raise Skip("there is no compute-sanitizer")
        command = [sanitizer, "--tool", tool, "--error-exitcode", str(SANITIZER_FOUND)]
        planted = self.commands.run(command + [self.program("planted_bugs"), tool], allowed=ANY_EXIT_CODE)
        if "Device not supported" in planted.text:
            raise Skip("compute-sanitizer says: Device not supported")
        if planted.code != SANITIZER_FOUND:
            raise Failure(f"{tool} does not report its planted bug")
        with open(self.file(f"{tool}.flags"), "w") as flags:
            print("--gtest_filter=" + ":".join(self.first_cases()), file=flags)
        tests = [self.program("provider_test"), f"--gtest_flagfile={flags.name}"]
        return gtest.judge(self.commands.run_all([Job(command + tests, {"GLIA_CUDA_CHUNK": "0"})]))

    def first_cases(self):
        chosen = {}
        for name, case in self.provider_listing().items():
            own = case.provider not in ("cuda_cublas", "cuda_cudnn")
            if own and case.regime == "reals" and case.variant in ("f32", "bf16"):
                chosen.setdefault((case.op, case.variant, case.provider), name)
        return chosen.values()

    # ---- Times ----

    def bench_train(self, env=None, output="bench_train.jsonl"):
        """Network by network, so that one that fails leaves the others."""
        program, notes, wrong = self.program("bench_train"), [], []
        env = {"GLIA_LOG": "plan,dispatch,info", **(env or {})}
        for network, steps in NETWORKS if self.real else NETWORKS[:1]:
            size = ["--steps", str(steps)] if self.real else ["--batch", "4", "--steps", "2", "--epochs", "1"]
            rows_of_one = self.file(f"{network}.{output}")
            try:
                self.commands.run(
                    [program, "--device", self.device, "--network", network, "--json", rows_of_one, *size], env)
            except Failure as why:
                wrong.append(f"{network}: {why}")
                continue
            notes += [f"{row['network']} {row['step_us']:.0f} us" for row in rows(rows_of_one) if "step_us" in row]
            with open(self.file(output), "a") as all_rows, open(rows_of_one) as these:
                all_rows.write(these.read())
        if wrong:
            raise Failure("; ".join(wrong + notes))
        return ", ".join(notes)

    def bench_train_own(self):
        """Without NVIDIA's libraries."""
        return self.bench_train(OWN_KERNELS, "bench_train_own.jsonl")

    def bench_ops(self):
        small = ["--min-time", "0.02"] if self.real else \
                ["--min-time", "0", "--all", "--op", "unary", "--case", "relu_one"]
        path = self.file("bench_ops.jsonl")
        self.commands.run([self.program("bench_ops"), "--device", self.device, "--json", path, *small])
        return f"{sum('provider' in row and 'us' in row for row in rows(path))} timings"

    def bench_rnn(self):
        """Recurrent layers, on each provider."""
        size = ["--seconds", str(self.commands.seconds_left(spare=5))] if self.real else \
               ["--cell", "gru", "--dtype", "f32", "--shapes", "8:2:4"]
        path = self.file("bench_rnn.jsonl")
        self.commands.run([self.program("bench_rnn"), "--device", self.device, "--json", path, *size],
                          {"GLIA_LOG": "dispatch"})
        return f"{sum('us' in row for row in rows(path))} timings"

    def pytorch(self, peers="eager,graph"):
        few = [] if self.real else ["--networks", NETWORKS[0][0]]
        return self.peer("train_against_pytorch", f"pytorch_{peers.replace(',', '_')}.jsonl", "bench_train.jsonl",
                         "--peers", peers, "--program", self.program("bench_train"), *few)

    def pytorch_compiled(self):
        if not self.real:
            raise Skip("there is no GPU")
        return self.pytorch("compiled")

    def pytorch_rnn(self):
        if not self.real:
            raise Skip("there is no GPU")
        return self.peer("rnn_against_pytorch", "pytorch_rnn.jsonl", "bench_rnn.jsonl")

    def peer(self, script, output, own, *options):
        """own: the file of Glia's times, if this run has made it."""
        python = shutil.which("python3") or sys.executable
        against = ["--against", self.file(own)] if os.path.exists(self.file(own)) else []
        device = self.device if self.real else "cpu"
        return last_words(self.commands.run(
            [python, os.path.join(self.root, "bench", script), "--device", device, *options, *against,
             "--seconds", str(self.commands.seconds_left(spare=10)), "--json", self.file(output)]).text)


def rows(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def curve(text):
    """The losses that a training printed, epoch by epoch."""
    return [float(loss) for loss in re.findall(r"\bloss ([0-9.]+)", text)]
