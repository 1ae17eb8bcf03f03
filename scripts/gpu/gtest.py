"""Lists of GoogleTest programs, and what their output says."""
import dataclasses
import re
import typing

from gpu.outcome import Failure, Unfinished

PROVIDER_TEST = "agrees_with_the_reference"


class ProviderCase(typing.NamedTuple):
    """A test of provider_test: Provider.agrees_with_the_reference/OP__CASE__VARIANT__REGIME__PROVIDER."""
    op: str
    case: str
    variant: str
    regime: str
    provider: str


def provider_cases(listing, device):
    """{name of the test: ProviderCase}, of what --gtest_list_tests prints."""
    return {f"{device}/Provider.{PROVIDER_TEST}/{name}": ProviderCase(*name.split("__"))
            for name in re.findall(rf"{PROVIDER_TEST}/(\S+)", listing)}


@dataclasses.dataclass
class Tally:
    passed: int
    failed: list  # PROGRAM:TEST, and PROGRAM alone where it ended badly outside of a test
    late: bool


def tally(job):
    """Of one program, which may have died or been killed."""
    passed = re.findall(r"^\[       OK \] (\S+)", job.text, re.M)
    failed = list(dict.fromkeys(re.findall(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", job.text, re.M)))
    begun = re.findall(r"^\[ RUN      \] (\S+)", job.text, re.M)
    skipped = re.findall(r"^\[  SKIPPED \] ([\w/]+\.[\w/]+)", job.text, re.M)
    if job.code not in (0, None) and begun and begun[-1] not in passed + failed + skipped:
        failed.append(begun[-1])  # it took the process with it
    names = [f"{job.name}:{name}" for name in failed]
    if job.code not in (0, None) and not names:
        names = [job.name]
    return Tally(len(passed), names, job.code is None)


def judge(jobs):
    """What all of them came to, in words; raises what did not pass."""
    tallies = [tally(job) for job in jobs]
    passed = sum(t.passed for t in tallies)
    failed = [name for t in tallies for name in t.failed]
    late = sum(t.late for t in tallies)
    note = f"{passed} tests passed"
    if late:
        note += f", {late} of {len(jobs)} programs ran out of time"
    if failed:
        raise Failure(f"{note}, {len(failed)} failed, first {failed[0]}", failed)
    if passed == 0:
        raise Failure("ran out of time" if late else "no test ran")
    if late:
        raise Unfinished(note)
    return note
