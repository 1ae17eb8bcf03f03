"""Runs programs in process groups of their own, and kills them when the time of their step is over."""
import collections
import dataclasses
import os
import signal
import subprocess
import tempfile
import time
import typing

from gpu.outcome import Failure, Skip

ANY_EXIT_CODE = range(256)
SKIPPED = 77  # exit code of a script that has nothing to do here
POLL_SECONDS = 0.02


@dataclasses.dataclass
class Job:
    command: list
    env: dict = dataclasses.field(default_factory=dict)
    code: typing.Optional[int] = None  # stays None where time ran out
    text: str = ""  # what it wrote, also then

    @property
    def name(self):
        return os.path.basename(self.command[0])


class Commands:
    """Runs the programs of one step. log: an open file for all they write. limit: of time.monotonic()."""

    def __init__(self, folder, env, log, limit):
        self.folder, self.env, self.log, self.limit = folder, env, log, limit

    def seconds_left(self, spare=0.0):
        return max(1, int(self.limit - time.monotonic() - spare))

    def run(self, command, env=None, allowed=(0,)):
        """One program that must end with an allowed code; returns its job."""
        job, = self.run_all([Job(command, env or {})])
        if job.code is None:
            raise Failure(f"{job.name} ran out of time: {last_words(job.text)}")
        if job.code == SKIPPED and SKIPPED not in allowed:
            raise Skip(last_words(job.text))
        if job.code not in allowed:
            raise Failure(f"{job.name} ended with {job.code}: {last_words(job.text)}")
        return job

    def run_all(self, jobs, at_once=1):
        """Runs jobs, so many side by side, to their ends or to the limit; returns them."""
        waiting, running = collections.deque(jobs), {}
        try:
            while (waiting or running) and time.monotonic() < self.limit:
                while waiting and len(running) < at_once:
                    job = waiting.popleft()
                    output = tempfile.TemporaryFile()
                    running[self._start(job, output)] = job, output
                for process in [process for process in running if process.poll() is not None]:
                    job, output = running.pop(process)
                    job.code = process.returncode
                    self._keep(job, output)
                time.sleep(POLL_SECONDS)
        finally:
            for process, (job, output) in running.items():
                kill_group(process)
                self._keep(job, output)
        return jobs

    def _start(self, job, output):
        try:
            return subprocess.Popen(job.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=subprocess.STDOUT, env={**self.env, **job.env}, start_new_session=True)
        except OSError as error:
            raise Failure(f"{job.name}: {error.strerror}")

    def _keep(self, job, output):
        with output:
            output.seek(0)
            job.text = output.read().decode(errors="replace")
        ending = "ran out of time" if job.code is None else f"ended with {job.code}"
        settings = "".join(f"{name}={value} " for name, value in job.env.items())
        self.log.write(f"$ {settings}{' '.join(job.command)}\n{job.text}({ending})\n")
        self.log.flush()


def kill_group(process):
    os.killpg(process.pid, signal.SIGKILL)  # not reaped yet: the number is still its own
    process.wait()


def last_words(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"
