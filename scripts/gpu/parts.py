"""Which steps a part has, in which order, and how long each may take."""
import dataclasses
import typing

from gpu.steps import Steps

BUILD_SECONDS = 150  # on top, where no build was brought along


@dataclasses.dataclass
class Step:
    name: str
    seconds: int  # at most
    run: typing.Callable


# The first quarter of an hour with a GPU, in the order of what matters most.
A = [
    Step("machine", 5, Steps.machine),
    Step("doctor", 15, Steps.doctor),
    Step("bench_train", 40, Steps.bench_train),
    Step("bench_train_own", 25, Steps.bench_train_own),
    Step("pytorch", 70, Steps.pytorch),
    Step("training", 25, Steps.training),
    Step("device_tests", 20, Steps.device_tests),
    Step("providers", 45, Steps.providers),
    Step("providers_rest", 90, Steps.providers_rest),
    Step("constants", 10, Steps.constants),
    Step("bench_ops", 50, Steps.bench_ops),
    Step("memcheck", 45, lambda steps: steps.sanitized("memcheck")),
    Step("bench_rnn", 20, Steps.bench_rnn),
    Step("pytorch_rnn", 20, Steps.pytorch_rnn),
]

# The rest; steps of part a that are still open come after the first.
B = [
    Step("again_alone", 60, Steps.again_alone),
    Step("racecheck", 60, lambda steps: steps.sanitized("racecheck")),
    Step("faults", 60, Steps.faults),
    Step("pytorch_compiled", 90, Steps.pytorch_compiled),
    Step("more_device_tests", 40, Steps.more_device_tests),
    Step("synccheck", 50, lambda steps: steps.sanitized("synccheck")),
    Step("initcheck", 50, lambda steps: steps.sanitized("initcheck")),
    Step("fidelity", 70, Steps.fidelity),
]

PARTS = {"a": A, "b": B}
BUILD = Step("build", BUILD_SECONDS, Steps.make)


def steps_of(part, build_given, again=()):
    """again: names of steps of the part before that are still open."""
    chosen = list(PARTS[part])
    if part == "b":
        chosen[1:1] = [step for step in A + B[1:] if step.name in again]
    if not build_given:
        chosen.insert(1 if part == "a" else 0, BUILD)
    return list({step.name: step for step in chosen}.values())


def named(names):
    """The steps of these names; ValueError: one has none."""
    known = {step.name: step for step in [BUILD] + A + B}
    for name in names:
        if name not in known:
            raise ValueError(f"there is no step '{name}'; there are {', '.join(known)}")
    return [known[name] for name in names]
