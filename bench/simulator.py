"""The simulator itself: events a second of one core, by case, medians of the rounds."""

import argparse
import json
import os
import pathlib
import subprocess

from record import record

ROOT = pathlib.Path(__file__).parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="the cases whose names contain it")
    given = parser.parse_args()
    build = pathlib.Path(os.environ["COTERIE_BINARY"]).parent
    subprocess.run(["cmake", "--build", str(build), "--target", "simulator_bench"], check=True, stdout=subprocess.DEVNULL)
    out = subprocess.run([str(build / "simulator_bench"), "--rounds", str(given.rounds), "--only", given.only],
                         check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    cases = [json.loads(line) for line in out.splitlines()]
    for case in cases:
        case.pop("bench")
    command = f"bench/run simulator --rounds {given.rounds}" + (f" --only {given.only}" if given.only else "")
    record("simulator", command, cases=cases)


if __name__ == "__main__":
    main()
