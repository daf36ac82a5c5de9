"""coterie up, status, kill, logs, down and demo, as a person uses them."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import redis

from harness import BINARY, PATIENCE_S, free_ports, wait_until


def run(*arguments, timeout=60):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)


class CommandLine(unittest.TestCase):
    def base_port(self):
        """A port such that it and its neighbours, +100 and +200, are free."""

        def find():
            port = free_ports(1)[0]
            if port > 60_000:
                return None
            for offset in (0, 1, 2, 100, 101, 102, 200, 201, 202):
                with socket.socket() as s:
                    try:
                        s.bind(("127.0.0.1", port + offset))
                    except OSError:
                        return None
            return port

        return wait_until(find, "nine free ports in their places")

    def start_up(self, *more):
        port = self.base_port()
        data = tempfile.mkdtemp(prefix="coterie-e2e-")
        log = open(os.path.join(data, "up.out"), "wb")
        process = subprocess.Popen([BINARY, "up", "--port", str(port), "--data", os.path.join(data, "d"), *more],
                                   stdout=log, stderr=log, stdin=subprocess.DEVNULL)

        def end():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=PATIENCE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            log.close()
            subprocess.run(["rm", "-rf", data], check=True)

        self.addCleanup(end)

        def ready():
            with open(log.name) as said:
                lines = said.read().splitlines()
            if process.poll() is not None:
                raise AssertionError("\n".join(lines))
            return "ready" in lines

        wait_until(ready, "up to say ready")
        return process, port, os.path.join(data, "d")

    def status(self, port):
        """The exit code and what was said; None when the node at that port does not answer."""
        outcome = run("status", "--url", f"redis://127.0.0.1:{port}", "--json")
        return outcome.returncode, json.loads(outcome.stdout) if outcome.stdout else None

    def test_up_status_kill_and_the_way_back(self):
        process, port, data = self.start_up()
        code, status = self.status(port)
        self.assertEqual(code, 0)
        self.assertIn(status["leader"], (1, 2, 3))
        self.assertEqual([node["id"] for node in status["nodes"]], [1, 2, 3])
        for field in ("pid", "alive", "role", "leader", "term", "commit", "applied", "last", "resp", "http", "keys"):
            self.assertIn(field, status["nodes"][0])
        client = redis.Redis(port=port + status["leader"] % 3, decode_responses=True, socket_timeout=15)
        client.set("x", "1")
        victim = next(node for node in status["nodes"] if node["id"] == status["leader"])
        self.assertEqual(run("kill", "leader", "--data", data).returncode, 0)
        self.assertEqual(client.get("x"), "1")

        # It is started again and catches up by itself.
        def healed():
            code, now = self.status(port)
            if now is None:
                return False
            back = next(node for node in now["nodes"] if node["id"] == victim["id"])
            return code == 0 and back["alive"] and back["pid"] != victim["pid"]

        wait_until(healed, "the killed node to be back")
        self.assertIn("leads", run("logs", "--data", data).stdout)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=PATIENCE_S), 0)
        self.assertNotEqual(run("status", "--url", f"redis://127.0.0.1:{port}").returncode, 0)

    def test_data_survive_up(self):
        process, port, data = self.start_up()
        redis.Redis(port=port, socket_timeout=15).set("x", "kept")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=PATIENCE_S), 0)
        self.assertEqual(run("up", "--port", str(port), "--data", data, "--detach").returncode, 0)
        try:
            self.assertEqual(redis.Redis(port=port + 1, decode_responses=True, socket_timeout=15).get("x"), "kept")
        finally:
            self.assertEqual(run("down", "--data", data).returncode, 0)

    def test_degraded_is_said(self):
        process, port, data = self.start_up("--no-restart")
        self.assertEqual(run("kill", "3", "--data", data).returncode, 0)
        wait_until(lambda: self.status(port)[0] == 1, "status to say degraded")
        self.assertFalse(self.status(port)[1]["nodes"][2]["alive"])

    def test_demo_passes(self):
        outcome = run("demo", timeout=120)
        self.assertEqual(outcome.returncode, 0, outcome.stdout + outcome.stderr)
        for word in ("message passing", "broadcast", "replication", "failure", "recovery", "consistency"):
            self.assertIn(word, outcome.stdout.lower())


if __name__ == "__main__":
    unittest.main(verbosity=2)
