"""How long an import statement takes in a fresh process, without the interpreter's own start."""

from __future__ import annotations

import importlib
import json
import sys
import time

if __name__ == "__main__":
    module = sys.argv[2].removeprefix("import ")
    start = time.perf_counter()
    importlib.import_module(module)
    times = [time.perf_counter() - start]
    print(json.dumps({"times_s": times, "agrees": True}), flush=True)
