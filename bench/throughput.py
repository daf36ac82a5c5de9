"""SET and linearizable GET with redis-benchmark, 50 clients on the leader, against a single Redis with appendfsync always.

The two take turns, so that whatever else the machine does meets both; medians of the rounds.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile

import redis

from harness import Cluster, free_ports, wait_until
from record import record


class Redis:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="coterie-bench-")
        self.port = free_ports(1)[0]
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.directory, "--appendonly",
             "yes", "--appendfsync", "always", "--save", ""], stdout=subprocess.DEVNULL)
        wait_until(lambda: redis.Redis(port=self.port).ping(), "redis-server")

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)


def measure(port, test, requests, pipeline):
    said = subprocess.run(
        ["redis-benchmark", "-p", str(port), "-t", test, "-n", str(requests), "-c", "50", "-P", str(pipeline), "-r",
         "100000", "-d", "64", "--csv"], capture_output=True, text=True, check=True)
    return float(said.stdout.splitlines()[-1].split(",")[1].strip('"'))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=50_000)
    arguments = parser.parse_args()
    cluster, peer = Cluster(3), Redis()
    try:
        cluster.start()
        for test in ("set", "get"):
            for pipeline in (1, 16):
                ours, theirs = [], []
                for _ in range(arguments.rounds):
                    requests = arguments.requests * (4 if pipeline > 1 else 1)
                    theirs.append(measure(peer.port, test, requests, pipeline))
                    ours.append(measure(cluster.leader().resp_port, test, requests, pipeline))
                record(f"throughput-{test}-pipeline-{pipeline}", "bench/run throughput", clients=50,
                       coterie_per_s=round(statistics.median(ours)), redis_per_s=round(statistics.median(theirs)),
                       ratio=round(statistics.median(ours) / statistics.median(theirs), 2))
    finally:
        cluster.close()
        peer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
