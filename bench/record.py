"""One line a run: what was measured, on what, when."""

import json
import os
import pathlib
import platform
import subprocess
import time

HERE = pathlib.Path(__file__).parent
RESULTS = pathlib.Path(os.environ.get("COTERIE_BENCH_RESULTS", HERE / "results.jsonl"))


def commit():
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE)
    return said.stdout.strip()


def record(bench, command, **figures):
    line = {"bench": bench, "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit(),
            "cores": os.cpu_count(), "kernel": platform.release(), "command": command, **figures}
    with open(RESULTS, "a") as results:
        results.write(json.dumps(line) + "\n")
    print(json.dumps(line))
