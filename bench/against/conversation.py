"""A program that answers lines, as bench_train --serve does."""
import sys


def serve(answers):
    """answers: {first word of a line: function of the other words, gives the words of the answer}.

    An exception is answered by "failed", and why.
    """
    print("ready", flush=True)
    for line in sys.stdin:
        what, *words = line.split()
        try:
            print(what, *answers[what](*words), flush=True)
        except Exception as error:  # whatever a peer cannot do is no fault of the others
            print("failed", f"{type(error).__name__}: {error}".replace("\n", " ")[:300], flush=True)
