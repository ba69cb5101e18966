"""What a contestant's process runs: the work once, then once more for each line that comes in. Knows nothing of labkit.

Usage: serve.py MODULE FUNCTION SETTINGS INPUTS OUTPUTS

`MODULE.FUNCTION(inputs, **settings)` returns (run, outputs): `run()` is what is timed, `outputs(result)` makes the arrays to be
compared of the result of the first run. Answers are lines of JSON: {"seconds"} or {"error"}.
"""

import importlib
import json
import os
import sys
import time

import numpy as np

ON_GPU = os.environ.get("LABKIT_DEVICE") == "cuda"
AWAKE = 0.2             # seconds of work before the clock starts: a GPU that had nothing to do has slowed down. A longer run needs none


def main(module, function, settings, inputs, outputs):
    answers = os.dup(1)
    os.dup2(2, 1)                                   # whatever a library prints must not look like an answer

    def answer(**found):
        os.write(answers, (json.dumps(found) + "\n").encode())

    try:
        with np.load(inputs) as found:
            work = dict(found)
        start = time.perf_counter()
        run, give = getattr(importlib.import_module(module), function)(work, **json.loads(settings))
        result = run()
        first = time.perf_counter() - start
        np.savez(outputs, **give(result))
        answer(seconds=first)
        seconds = 0
        for _ in sys.stdin:
            end = time.perf_counter() + AWAKE
            while ON_GPU and seconds < AWAKE and time.perf_counter() < end:
                run()
            start = time.perf_counter()
            run()
            seconds = time.perf_counter() - start
            answer(seconds=seconds)
    except Exception as error:
        answer(error=f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"[:400])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
