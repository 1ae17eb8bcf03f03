"""Keeps the results of all steps so far in three files, which are whole after each step."""
import dataclasses
import json
import os
import tarfile

SUMMARY, RESULTS, LOGS = "summary.txt", "results.json", "logs.tgz"
NO_TIME, INTERRUPTED = "no time was left", "it was interrupted"


@dataclasses.dataclass
class Result:
    step: str
    status: str
    seconds: float
    note: str
    failed: list = dataclasses.field(default_factory=list)  # tests, as PROGRAM:TEST


class Report:
    """folder: receives the three files. work: what the steps write; all of it goes into logs.tgz. about: of the run.
    names: of the steps to come; a run that is killed leaves the rest of them open in results.json."""

    def __init__(self, folder, work, about, names):
        self.folder, self.work, self.about, self.names = folder, work, about, names
        self.results = []
        os.makedirs(folder, exist_ok=True)
        self._replace(SUMMARY, "")
        self._write()

    def add(self, result):
        self.results.append(result)
        line = f"{result.status:10} {result.step:16} {result.seconds:7.1f} s  {result.note}"
        print(line, flush=True)
        with open(os.path.join(self.folder, SUMMARY), "a") as file:
            print(line, file=file)
        self._write()

    def failed(self):
        return any(r.status == "FAILED" for r in self.results)

    def interrupted(self):
        return any(r.note == INTERRUPTED for r in self.results)

    def _write(self):
        done = {r.step for r in self.results}
        to_come = [Result(name, "skipped", 0, NO_TIME) for name in self.names if name not in done]
        steps = [dataclasses.asdict(r) for r in self.results + to_come]
        self._replace(RESULTS, json.dumps({**self.about, "steps": steps}, indent=1))
        with tarfile.open(self._part(LOGS), "w:gz", compresslevel=1) as archive:
            archive.add(self.work, arcname="logs")
        os.replace(self._part(LOGS), os.path.join(self.folder, LOGS))

    def _part(self, name):
        return os.path.join(self.folder, name + ".part")

    def _replace(self, name, text):
        with open(self._part(name), "w") as file:
            file.write(text)
        os.replace(self._part(name), os.path.join(self.folder, name))


def open_steps(results_file):
    """(steps to run again, tests that failed) of an earlier part's results.json; ValueError: it is no such file."""
    with open(results_file) as file:
        try:
            steps = [Result(**step) for step in json.load(file)["steps"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{results_file} has no results of gpu_check: {type(error).__name__}: {error}")
    again = [s.step for s in steps if s.status in ("FAILED", "unfinished") or s.note == NO_TIME]
    return again, [name for s in steps for name in s.failed]
