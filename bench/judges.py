"""The judges on histories of known size and width: medians of the time after parsing, peaks of memory."""

import argparse
import json
import os
import pathlib
import subprocess

from record import record

ROOT = pathlib.Path(__file__).parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    build = pathlib.Path(os.environ["COTERIE_BINARY"]).parent
    subprocess.run(["cmake", "--build", str(build), "--target", "judges_bench"], check=True, stdout=subprocess.DEVNULL)
    out = subprocess.run([str(build / "judges_bench"), "--rounds", str(given.rounds), "--only", given.only],
                         check=True, capture_output=True, text=True, cwd=ROOT).stdout
    cases = [json.loads(line) for line in out.splitlines()]
    for case in cases:
        case.pop("bench")
    record("judges", f"bench/run judges --rounds {given.rounds}", cases=cases)


if __name__ == "__main__":
    main()
