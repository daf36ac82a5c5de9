"""Full load on all cores and no fault: nobody should stand for election."""

import argparse
import subprocess
import sys
import time

from harness import Cluster
from record import record


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    arguments = parser.parse_args()
    cluster = Cluster(3)
    loads = []
    try:
        cluster.start()
        term = cluster.leader().status()["term"]
        end = time.monotonic() + arguments.minutes * 60
        requests = 0
        while time.monotonic() < end:
            loads = [subprocess.Popen(["redis-benchmark", "-p", str(node.resp_port), "-t", "set,get", "-n", "200000", "-c",
                                       "50", "-P", "4", "-r", "100000", "-q"], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL) for node in cluster.nodes]
            for load in loads:
                load.wait()
            requests += 3 * 400_000
        now = cluster.leader().status()["term"]
        record("elections", f"bench/run elections --minutes {arguments.minutes:g}", minutes=arguments.minutes,
               requests=requests, elections=now - term)
    finally:
        for load in loads:
            if load.poll() is None:
                load.kill()
                load.wait()
        cluster.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
