"""The leader dies under load: how long is nobody's write acknowledged?

Twenty clients on the two other nodes work without pause, a read after every third write. The gap is the longest time between two
acknowledgements of writes, of whichever clients, from just before the leader is killed (or stopped) until writes flow again. Errors to those
clients are counted: there should be none. With --record what the clients saw is kept, and judged at the end.
"""

import argparse
import itertools
import statistics
import sys
import threading
import time

import redis

from harness import Cluster, wait_until
from history import Recording
from record import record

KEYS = [f"key{i}" for i in range(8)]
READ_EVERY = 4
CLIENT_NUMBERS = itertools.count(1)  # of all rounds together, so that no value is ever written twice


class Load:
    """Clients of these nodes that read and write and note when each write was acknowledged."""

    def __init__(self, nodes, clients=20, recording=None):
        self.acknowledged = []
        self.errors = []
        self._nodes = nodes
        self._recording = recording
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(nodes[i % len(nodes)],)) for i in range(clients)]
        for thread in self._threads:
            thread.start()

    def _work(self, node):
        number = next(CLIENT_NUMBERS)
        client = node.client(retry=None, socket_timeout=30)
        for i in itertools.count(1):
            if self._stop.is_set():
                return
            key = KEYS[(number + i) % len(KEYS)]
            if i % READ_EVERY:
                ended = self._do(client, number, "set", key, f"{number}-{i}")
                if ended:
                    self.acknowledged.append(ended)
            else:
                self._do(client, number, "get", key)

    def _do(self, client, number, name, key, value=None):
        """One operation; returns when it was acknowledged, None if it was not."""
        start, result, error = time.monotonic_ns(), None, None
        try:
            result = client.get(key) if value is None else client.set(key, value)
        except redis.RedisError as failure:
            error = failure
            self.errors.append(str(failure))
        end = time.monotonic_ns()
        if self._recording:
            self._recording.add(number, name, key, value, start, end, result, error)
        return None if error else end / 1e9

    def longest_gap(self, since):
        times = sorted(t for t in self.acknowledged if t >= since)
        return max(b - a for a, b in zip([since] + times, times))

    def end(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._recording:  # what was acknowledged last is seen too
            number, client = next(CLIENT_NUMBERS), self._nodes[0].client(retry=None)
            for key in KEYS:
                self._do(client, number, "get", key)


def one_round(cluster, way, recording):
    leader = cluster.leader()
    load = Load([n for n in cluster.nodes if n is not leader], recording=recording)
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
    parser.add_argument("--record", metavar="FILE", help="write what the clients saw, for coterie check, and judge it")
    arguments = parser.parse_args()
    recording = Recording(arguments.record) if arguments.record else None
    cluster = Cluster(3)
    try:
        cluster.start()
        for way in ("kill", "stop"):
            gaps, errors = [], []
            for _ in range(arguments.rounds):
                gap, more = one_round(cluster, way, recording)
                gaps.append(gap)
                errors += more
            command = f"bench/run failover --rounds {arguments.rounds}" + (" --record FILE" if recording else "")
            record(f"failover-{way}", command, rounds=arguments.rounds,
                   median_s=round(statistics.median(gaps), 3), worst_s=round(max(gaps), 3), errors=len(errors),
                   gaps_s=[round(gap, 3) for gap in gaps])
    finally:
        cluster.close()
        if recording:
            recording.write()
    return recording.judge("kv") if recording else 0


if __name__ == "__main__":
    sys.exit(main())
