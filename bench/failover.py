"""The leader dies under load: how long is nobody's write acknowledged?

Twenty clients on the two other nodes write without pause. The gap is the longest time between two acknowledgements, of whichever
clients, from just before the leader is killed (or stopped) until writes flow again. Errors to those clients are counted: there should be none.
"""

import argparse
import statistics
import sys
import threading
import time

import redis

from harness import Cluster, wait_until
from record import record


class Load:
    """Clients of these nodes that write and note when each write was acknowledged."""

    def __init__(self, nodes, clients=20):
        self.acknowledged = []
        self.errors = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(nodes[i % len(nodes)],)) for i in range(clients)]
        for thread in self._threads:
            thread.start()

    def _work(self, node):
        client = node.client(retry=None, socket_timeout=30)
        while not self._stop.is_set():
            try:
                client.incr("count")
                self.acknowledged.append(time.monotonic())
            except redis.RedisError as error:
                self.errors.append(str(error))

    def longest_gap(self, since):
        times = sorted(t for t in self.acknowledged if t >= since)
        return max(b - a for a, b in zip([since] + times, times))

    def end(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def one_round(cluster, way):
    leader = cluster.leader()
    load = Load([n for n in cluster.nodes if n is not leader])
    try:
        wait_until(lambda: len(load.acknowledged) > 200, "the load to run")
        since = time.monotonic()
        if way == "kill":
            leader.kill()
        else:
            leader.pause()
        wait_until(lambda: sum(1 for t in list(load.acknowledged) if t > since + 0.05) > 200, "writes to flow again")
        gap = load.longest_gap(since)
    finally:
        load.end()
        if way == "stop":
            leader.resume()
    if way == "kill":
        leader.start()
    wait_until(leader.ready, "the old leader to be back")
    return gap, load.errors


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    cluster = Cluster(3)
    try:
        cluster.start()
        for way in ("kill", "stop"):
            gaps, errors = [], []
            for _ in range(arguments.rounds):
                gap, more = one_round(cluster, way)
                gaps.append(gap)
                errors += more
            record(f"failover-{way}", "bench/run failover --rounds " + str(arguments.rounds), rounds=arguments.rounds,
                   median_s=round(statistics.median(gaps), 3), worst_s=round(max(gaps), 3), errors=len(errors),
                   gaps_s=[round(gap, 3) for gap in gaps])
    finally:
        cluster.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
