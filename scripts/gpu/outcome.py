"""How a step ends if it does not simply pass; raised by the step or by what it calls."""


class Outcome(Exception):
    status = ""


class Skip(Outcome):
    """The step cannot run here; the text says why."""
    status = "skipped"


class Unfinished(Outcome):
    """What ran has passed, but time ran out before everything had."""
    status = "unfinished"


class Failure(Outcome):
    """The step ran and did not pass. failed: the tests, as PROGRAM:TEST."""
    status = "FAILED"

    def __init__(self, text, failed=()):
        super().__init__(text)
        self.failed = list(failed)
