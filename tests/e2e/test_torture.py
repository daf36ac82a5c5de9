"""coterie torture: real faults are borne and leave no process behind; the judges convict a store that loses what it has
acknowledged, and none that does not."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import redis

from forwarder import Forwarder
from harness import BINARY, PATIENCE_S, free_ports, wait_until

KINDS = {"kill", "kill-all", "pause", "wipe", "sync", "full", "cut", "one-way", "delay", "narrow", "reset"}


def processes_of(folder):
    """The processes whose command lines name this folder: the nodes of a run that lives there."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(folder).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


class TortureTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="coterie-e2e-torture-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def begin(self, *flags, environment=None):
        process = subprocess.Popen([BINARY, "torture", *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, env={**os.environ, **(environment or {})})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def end(self, process, patience_s=180):
        output, _ = process.communicate(timeout=patience_s)
        return process.returncode, output

    def torture(self, *flags):
        return self.end(self.begin(*flags))

    def read_until(self, process, words):
        for line in process.stdout:
            if words in line:
                return
        self.fail(f"it ended without saying: {words}")

    def server(self, *command):
        """A server of another kind; its output is in the folder."""
        with open(self.folder / "server.log", "ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def redis_server(self, *flags):
        port, = free_ports(1)
        process = self.server("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", *flags)
        client = redis.Redis(port=port, decode_responses=True)
        self.addCleanup(client.close)
        wait_until(client.ping, "redis-server to answer")
        return process, client, port


class OurOwn(TortureTest):
    def test_every_kind_of_fault_is_borne(self):
        keep = self.folder / "nodes"
        history = self.folder / "history.jsonl"
        page = self.folder / "run.html"
        code, output = self.torture("--nodes", "3", "--seconds", "15", "--seed", "1", "--keep", str(keep),
                                    "--history", str(history), "--html", str(page))
        self.assertEqual(code, 0, output)
        self.assertIn("\nholds\n", output)
        told = next(line for line in output.splitlines() if line.startswith("faults: "))
        parts = told.removeprefix("faults: ").split(", ")
        struck = {part.split()[1] for part in parts}
        left_out = {line.split()[2].rstrip(":") for line in output.splitlines() if line.startswith("left out: ")}
        self.assertEqual(struck | left_out, KINDS, output)
        self.assertLessEqual(left_out, {"sync", "full"}, "these alone need something of the machine")
        self.assertEqual(processes_of(keep), [])
        self.assertTrue((keep / "3.log").stat().st_size > 0)
        self.assertGreater(len(history.read_text().splitlines()), 1_000)
        check = subprocess.run([BINARY, "check", str(history), "--late-expiry"], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        self.assertRegex(output, rf"drawn in {page}: (all of it|the last [\d.]+ s of [\d.]+ s)")
        drawn = page.read_text()
        self.assertLess(len(drawn), 1_000_000)
        self.assertIn("node 3", drawn)
        last = re.findall(r"^\+[\d.]+ s for [\d.]+ s: (.*)", output, re.MULTILINE)[-1]
        self.assertIn(last, drawn, "the last fault is a mark")

    def test_kills_pauses_and_cuts_aim_at_the_leader(self):
        keep = self.folder / "nodes"
        code, output = self.torture("--nodes", "3", "--seconds", "12", "--faults", "kill,pause,cut", "--seed", "5",
                                    "--keep", str(keep))
        self.assertEqual(code, 0, output)
        planned = output.count(", aimed at the leader")
        hit = re.findall(r"^\+.*: (?:kill|pause|cut) node (\d) \(leader\)", output, re.MULTILINE)
        self.assertGreaterEqual(planned, 2, output)
        self.assertGreaterEqual(len(hit), 1, output)
        # Nobody may have led when one of them struck.
        self.assertLessEqual(len(hit), planned)
        self.assertEqual(sum(map(int, re.findall(r"\((\d+) at the leader\)", output))), len(hit))
        # It was the leader: the nodes' logs know. Each run of a node is in the one log.
        log = (keep / "run.log").read_text()
        for time, node in re.findall(r"^(\S+) \+.*: (?:kill|pause|cut) node (\d) \(leader\)", log, re.MULTILINE):
            terms = [(line[:24], int(term), number) for number in "123"
                     for line in (keep / f"{number}.log").read_text(errors="replace").splitlines()
                     for term in re.findall(r" leads term (\d+) of ", line) if line[:24] <= time]
            self.assertEqual(max(terms, key=lambda one: one[1])[2], node, log)

    def test_what_is_violated_is_drawn(self):
        """A node's data are taken away while it is down: acknowledged writes are lost, which the judges see and the picture shows."""
        page = self.folder / "run.html"
        process = self.begin("--nodes", "1", "--seconds", "24", "--faults", "kill", "--seed", "2", "--html", str(page),
                             environment={"TMPDIR": str(self.folder)})
        self.read_until(process, "the cluster is ready")
        self.read_until(process, "kill node")
        data = next(self.folder.glob("coterie-torture-running-*/1/data"))
        shutil.rmtree(data)
        code, output = self.end(process)
        self.assertEqual(code, 1, output)
        self.assertIn("VIOLATED: ", output)
        self.assertRegex(output, rf"drawn in {page}: [\d.]+ s to [\d.]+ s of [\d.]+ s, around what is violated")
        drawn = page.read_text()
        self.assertIn("<title>violated: torture of 1 nodes, 24 s, seed 2</title>", drawn)
        self.assertIn("data-operation=", drawn)
        self.assertIn("kill node 1", drawn)

    def test_a_signal_ends_it_and_leaves_nothing(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                process = self.begin("--nodes", "3", "--seconds", "600", "--seed", "7",
                                     environment={"TMPDIR": str(self.folder)})
                self.read_until(process, "the cluster is ready")
                self.assertEqual(len(processes_of(self.folder)), 3)
                process.send_signal(number)
                code, output = self.end(process, PATIENCE_S)
                self.assertEqual(code, 3, output)
                self.assertIn("interrupted", output)
                self.assertEqual(processes_of(self.folder), [])
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_its_own_sudden_end_takes_the_nodes_with_it(self):
        process = self.begin("--nodes", "3", "--seconds", "600", "--faults", "pause", "--seed", "7",
                             environment={"TMPDIR": str(self.folder)})
        self.read_until(process, "the cluster is ready")
        self.read_until(process, "pause node")
        self.assertNotEqual(processes_of(self.folder), [])
        process.kill()
        process.wait()
        wait_until(lambda: not processes_of(self.folder), "the nodes to be gone, paused ones too")

    def test_what_a_killed_run_has_left_the_next_one_removes(self):
        here = {"TMPDIR": str(self.folder)}
        living = self.begin("--nodes", "1", "--seconds", "600", "--faults", "none", environment=here)
        self.read_until(living, "the cluster is ready")
        its_own = set(self.folder.iterdir())
        killed = self.begin("--nodes", "2", "--seconds", "600", "--faults", "none", environment=here)
        self.read_until(killed, "the cluster is ready")
        killed.kill()
        killed.wait()
        left, = set(self.folder.iterdir()) - its_own
        wait_until(lambda: not processes_of(left), "its nodes to be gone")
        code, output = self.end(self.begin("--nodes", "1", "--seconds", "1", "--faults", "none", environment=here))
        self.assertEqual(code, 0, output)
        self.assertEqual(set(self.folder.iterdir()), its_own, "but not those of a run that lives")
        self.assertEqual(len(processes_of(self.folder)), 1)
        living.send_signal(signal.SIGTERM)
        self.end(living, PATIENCE_S)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_node_that_ends_by_itself_is_told(self):
        process = self.begin("--nodes", "3", "--seconds", "600", "--faults", "none",
                             environment={"TMPDIR": str(self.folder)})
        self.read_until(process, "the cluster is ready")
        os.kill(processes_of(self.folder)[0], signal.SIGABRT)
        code, output = self.end(process)
        self.assertEqual(code, 1, output)
        self.assertRegex(output, r"STALLED: node \d has ended by itself: killed by signal 6")
        self.assertRegex(output, r"node \d: (leader|follower), leader \d, term")
        self.assertIn("--seed", output)
        self.assertEqual(processes_of(self.folder), [])
        # What is to be seen is there, and stays: the next run does not take it for a dead one's.
        kept = pathlib.Path(re.search(r"history, is in (.*)", output)[1])
        self.end(self.begin("--nodes", "1", "--seconds", "1", "--faults", "none", environment={"TMPDIR": str(self.folder)}))
        self.assertEqual(list(self.folder.iterdir()), [kept])
        self.assertGreater((kept / "1.log").stat().st_size, 0)

    def test_what_cannot_be_is_refused(self):
        for flags, words in [
            (["--nodes", "10"], "1 to 9"),
            (["--faults", "kill,rain"], "no fault 'rain'"),
            (["--target", "redis://10.0.0.1:6379"], "loopback"),
            (["--target", "http://127.0.0.1:1"], "neither redis:// nor etcd://"),
            (["--target", "redis://127.0.0.1:1", "--nodes", "3"], "exclude each other"),
            (["--flush"], "--target"),
        ]:
            code, output = self.torture(*flags)
            self.assertEqual(code, 64, output)
            self.assertIn(words, output)


class Others(TortureTest):
    def test_redis_alone_holds(self):
        _, client, port = self.redis_server()
        history = self.folder / "history.jsonl"
        code, output = self.torture("--target", f"redis://127.0.0.1:{port}", "--seconds", "5", "--history", str(history))
        self.assertEqual(code, 0, output)
        self.assertIn("\nholds\n", output)
        self.assertGreater(len(history.read_text().splitlines()), 300)
        # What is there now would convict an innocent.
        code, output = self.torture("--target", f"redis://127.0.0.1:{port}", "--seconds", "1")
        self.assertEqual(code, 69, output)
        self.assertIn("--flush", output)
        self.assertGreater(client.dbsize(), 0)
        code, output = self.torture("--target", f"redis://127.0.0.1:{port}", "--seconds", "2", "--flush")
        self.assertEqual(code, 0, output)

    def test_etcd_holds(self):
        client_port, peer_port = free_ports(2)
        url = f"http://127.0.0.1:{client_port}"
        peer = f"http://127.0.0.1:{peer_port}"
        self.server("etcd", "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", url,
                    "--advertise-client-urls", url, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                    "--initial-cluster", f"default={peer}")
        target = f"etcd://127.0.0.1:{client_port}"
        code = 69
        output = ""

        def answered():
            nonlocal code, output
            code, output = self.torture("--target", target, "--seconds", "5")
            return code != 69

        wait_until(answered, "etcd to answer")
        self.assertEqual(code, 0, output)
        self.assertIn("\nholds\n", output)

    def test_redis_that_loses_acknowledged_writes_is_convicted(self):
        """Redis replicates after it has answered: what the replica has not yet received is lost with the primary. How much
        that is depends on luck, so the link to the replica is made to lag for certain: a forwarder holds back what
        passes it, as a slow network would, before the primary is killed and the replica is promoted. Clients reach the
        servers through a virtual address, which is moved to the replica as a failover does."""
        primary, primary_client, primary_port = self.redis_server()
        link = Forwarder(primary_port)
        self.addCleanup(link.close)
        _, replica_client, replica_port = self.redis_server("--replicaof", f"127.0.0.1 {link.port}")
        wait_until(lambda: replica_client.info("replication")["master_link_status"] == "up", "replication")
        address = Forwarder(primary_port)
        self.addCleanup(address.close)
        history = self.folder / "history.jsonl"
        process = self.begin("--target", f"redis://127.0.0.1:{address.port}", "--seconds", "10", "--history", str(history))

        def wait_for_writes(count):
            offset = primary_client.info("replication")["master_repl_offset"]
            wait_until(lambda: primary_client.info("replication")["master_repl_offset"] > offset + count,
                       "writes to be acknowledged")

        wait_for_writes(10_000)
        link.hold()
        wait_for_writes(20_000)
        primary.kill()
        primary.wait()
        replica_client.execute_command("REPLICAOF", "NO", "ONE")
        address.move(replica_port)
        code, output = self.end(process)
        self.assertEqual(code, 1, output)
        self.assertIn("VIOLATED: ", output)
        self.assertRegex(output, r"\n +client \d+  \w+ .* -> ", "the operations that show it")
        self.assertEqual(subprocess.run([BINARY, "check", str(history)], capture_output=True).returncode, 1)

    def test_a_server_that_does_not_come_back_is_a_stall(self):
        server, client, port = self.redis_server()
        process = self.begin("--target", f"redis://127.0.0.1:{port}", "--seconds", "3")
        wait_until(lambda: client.dbsize() > 0, "the clients to be at work")
        server.kill()
        server.wait()
        code, output = self.end(process)
        self.assertEqual(code, 1, output)
        self.assertIn("STALLED: ", output)


if __name__ == "__main__":
    unittest.main(verbosity=2)
