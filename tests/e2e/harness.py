"""Real processes, real clients: a cluster of `coterie serve` on free ports in a directory of its own.

Everything waits on conditions, with a deadline that only a defect reaches; nothing sleeps for luck. What a test starts it
ends, by pid, also when it fails; on failure the nodes' logs are shown.
"""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

import redis

BINARY = os.environ.get("COTERIE_BINARY", "build/release/coterie")
SHIM = os.environ.get("COTERIE_DISK_SHIM", "")
PATIENCE_S = 30.0


_ports_given = set()


def free_ports(count):
    """Ports that are free and that no earlier call gave out: they may not be in use yet. Below those that the kernel gives to outgoing
    connections, which would take one between this call and its use."""
    ports = []
    while len(ports) < count:
        port = random.randint(10_000, 32_000)
        if port in _ports_given:
            continue
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            s.listen(1)
            _ports_given.add(port)
            ports.append(port)
    return ports


def wait_until(condition, what, patience_s=PATIENCE_S, step_s=0.02):
    """Returns the condition's first true value; fails naming `what` when it does not come."""
    give_up = time.monotonic() + patience_s
    pause = threading.Event()
    while True:
        with contextlib.suppress(redis.RedisError, OSError):
            value = condition()
            if value:
                return value
        if time.monotonic() > give_up:
            raise AssertionError(f"waited {patience_s} s in vain for: {what}")
        pause.wait(step_s)


class Node:
    """One process of a cluster. Its data directory outlives it."""

    def __init__(self, cluster, number):
        self.cluster = cluster
        self.number = number
        self.data = cluster.directory / str(number)
        self.log = cluster.directory / f"{number}.log"
        self.resp_port, self.http_port, self.peer_port = free_ports(3)
        self.process = None
        self.environment = {}

    def start(self, *more_flags):
        assert self.process is None
        flags = [
            BINARY, "serve", "--node", str(self.number),
            "--listen", f"127.0.0.1:{self.resp_port}",
            "--http", f"127.0.0.1:{self.http_port}",
            "--data", str(self.data),
        ]
        if len(self.cluster.nodes) > 1:
            flags += ["--cluster", self.cluster.addresses()]
        flags += [*self.cluster.flags, *more_flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(flags, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **self.environment})
        return self

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9; returns when the process is gone."""
        self.send(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def terminate(self):
        """TERM; returns the exit status."""
        self.send(signal.SIGTERM)
        status = self.process.wait(timeout=PATIENCE_S)
        self.process = None
        return status

    def wait_exit(self, patience_s=PATIENCE_S):
        status = self.process.wait(timeout=patience_s)
        self.process = None
        return status

    def pause(self):
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wipe(self):
        assert self.process is None
        shutil.rmtree(self.data, ignore_errors=True)

    def client(self, **options):
        options = {"socket_timeout": 15, "decode_responses": True, **options}
        return redis.Redis(host="127.0.0.1", port=self.resp_port, **options)

    def status(self, *words):
        return json.loads(self.client(socket_timeout=2).execute_command("COTERIE", "STATUS", *words))

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Cluster:
    def __init__(self, count=3, flags=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="coterie-e2e-"))
        self.flags = list(flags)
        self.nodes = []
        self.nodes = [Node(self, i + 1) for i in range(count)]

    def addresses(self):
        return ",".join(f"{n.number}=127.0.0.1:{n.peer_port}" for n in self.nodes)

    def __getitem__(self, number):
        return self.nodes[number - 1]

    def start(self):
        for node in self.nodes:
            node.start()
        return self.wait_ready()

    def wait_ready(self, nodes=None):
        for node in nodes or [n for n in self.nodes if n.alive()]:
            wait_until(node.ready, f"node {node.number} to be ready")
        return self

    def leader(self):
        """The node that a majority names as the leader now."""

        def agreed():
            votes = {}
            for node in self.nodes:
                if not node.alive():
                    continue
                with contextlib.suppress(redis.RedisError, OSError):
                    leader = node.status()["leader"]
                    votes[leader] = votes.get(leader, 0) + 1
            for leader, count in votes.items():
                if leader and count > len(self.nodes) // 2 and self[leader].alive():
                    return self[leader]
            return None

        return wait_until(agreed, "a leader that a majority names")

    def followers(self):
        leader = self.leader()
        return [n for n in self.nodes if n is not leader and n.alive()]

    def wait_same_state(self, nodes=None):
        """All nodes have applied the same entries and hold the same state; returns the digest."""

        def same():
            seen = {(s["applied"], s["state_digest"]) for s in (n.status("DIGEST") for n in nodes or self.nodes)}
            return seen.pop()[1] if len(seen) == 1 else None

        return wait_until(same, "all nodes to hold the same state")

    def close(self):
        for node in self.nodes:
            if node.process is not None:
                node.process.kill()
                node.process.wait()
                node.process = None
        shutil.rmtree(self.directory, ignore_errors=True)


class ClusterTest(unittest.TestCase):
    """Gives tests `self.cluster(...)`, and ends what they have started."""

    def cluster(self, count=3, flags=(), start=True):
        cluster = Cluster(count, flags)
        self.addCleanup(self._close, cluster)
        return cluster.start() if start else cluster

    def _failed(self):
        """Whether this test has failed so far. The outcome's own flag speaks of the clean-up alone."""
        result = self._outcome.result
        return any(test is self for test, _ in [*result.failures, *result.errors])

    def _close(self, cluster):
        if self._failed():
            for node in cluster.nodes:
                sys.stderr.write(f"--- node {node.number}\n{node.log_text()[-4000:]}\n")
        cluster.close()


def in_threads(count, work):
    """Runs work(i) in `count` threads; re-raises the first failure."""
    failures = []

    def run(i):
        try:
            work(i)
        except BaseException as failure:  # noqa: BLE001 - it is raised again below
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Background:
    """A thread that works until it is told to stop: `with Background(work) as b`, where work(stop_event)."""

    def __init__(self, work):
        self._stop = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run, args=(work,))

    def _run(self, work):
        try:
            work(self._stop)
        except BaseException as failure:  # noqa: BLE001
            self._failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        self._thread.join()
        if self._failure and kind is None:
            raise self._failure
