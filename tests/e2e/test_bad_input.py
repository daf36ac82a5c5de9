"""Bad input: one line that says what to do, a code as in sysexits, and nothing damaged."""

import socket
import subprocess
import unittest

from harness import BINARY, ClusterTest, free_ports, wait_until


def run(*arguments, timeout=20):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def with_format(identity, version):
    """The identity file as a program of another format version would have written it (docs/formats/log.md)."""
    half = len(identity) // 2
    copy = bytearray(identity[:half])
    copy[8:12] = version.to_bytes(4, "little")
    copy[12:16] = bytes(4)
    copy[12:16] = crc32c(bytes(copy)).to_bytes(4, "little")
    return bytes(copy) * 2


class BadInput(ClusterTest):
    def refused(self, outcome, code, *words):
        self.assertEqual(outcome.returncode, code, outcome.stderr)
        lines = outcome.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, outcome.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def test_unknown_flags_and_subcommands(self):
        self.refused(run("serve", "--colour", "red"), 64, "--colour")
        self.refused(run("fly"), 64, "fly")
        self.refused(run("sim", "--seeds", "banana"), 64, "--seeds")
        self.refused(run("serve", "--fsync", "sometimes"), 64, "fsync")

    def test_a_cluster_that_does_not_name_the_node(self):
        one, two = free_ports(2)
        self.refused(run("serve", "--node", "4", "--cluster", f"1=127.0.0.1:{one},2=127.0.0.1:{two}"), 64, "4")

    def test_ports_and_directories_in_use(self):
        cluster = self.cluster(1)
        node = cluster[1]
        other = free_ports(2)
        data = cluster.directory / "other"
        self.refused(run("serve", "--listen", f"127.0.0.1:{node.resp_port}", "--http", f"127.0.0.1:{other[0]}",
                         "--data", str(data)), 69, str(node.resp_port), "another process has this port")
        self.refused(run("serve", "--listen", f"127.0.0.1:{other[0]}", "--http", f"127.0.0.1:{other[1]}",
                         "--data", str(node.data)), 69, "in use")
        node.client().set("still", "there")
        self.assertEqual(node.client().get("still"), "there")

    def test_two_nodes_with_one_id(self):
        cluster = self.cluster()
        node = cluster[2]
        ports = free_ports(2)
        self.refused(run("serve", "--node", "2", "--cluster", cluster.addresses(), "--listen", f"127.0.0.1:{ports[0]}",
                         "--http", f"127.0.0.1:{ports[1]}", "--data", str(cluster.directory / "another")),
                     69, str(node.peer_port), "another process has this port")
        self.assertTrue(node.ready())

    def test_two_nodes_with_one_id_on_different_addresses(self):
        cluster = self.cluster()
        cluster[2].client().set("x", "1")
        resp, http, peer = free_ports(3)
        addresses = cluster.addresses().replace(f"127.0.0.1:{cluster[2].peer_port}", f"127.0.0.1:{peer}")
        outcome = run("serve", "--node", "2", "--cluster", addresses, "--listen", f"127.0.0.1:{resp}",
                      "--http", f"127.0.0.1:{http}", "--data", str(cluster.directory / "another"), timeout=40)
        self.assertEqual(outcome.returncode, 78, outcome.stderr)
        self.assertIn("coterie serve: node 2 is taken", outcome.stderr)
        self.assertIn("its own --node", outcome.stderr.splitlines()[-1])
        self.assertTrue(cluster[2].ready())
        self.assertEqual(cluster[2].client().incr("x"), 2)
        # The one that was first keeps its id, also through a restart.
        cluster[2].kill()
        cluster[2].start()
        cluster.wait_ready()
        self.assertEqual(cluster[2].client().get("x"), "2")

    def test_a_directory_of_another_node(self):
        cluster = self.cluster()
        first, second = cluster[1], cluster[2]
        first.client().set("x", "1")
        first.terminate()
        second.terminate()
        flags = ["serve", "--node", "2", "--cluster", cluster.addresses(), "--listen", f"127.0.0.1:{second.resp_port}",
                 "--http", f"127.0.0.1:{second.http_port}", "--data", str(first.data)]
        self.refused(run(*flags), 65, "belongs to node 1", "--data")
        first.start()
        second.start()
        cluster.wait_ready()
        self.assertEqual(first.client().get("x"), "1")

    def test_a_directory_of_another_cluster(self):
        one, two = self.cluster(), self.cluster()
        one[1].client().set("x", "1")
        intruder, donor = one[3], two[3]
        intruder.terminate()
        donor.terminate()
        own, intruder.data = intruder.data, donor.data
        intruder.start()
        self.assertEqual(intruder.wait_exit(), 65)
        self.assertIn("belongs to another cluster", intruder.log_text())
        # Nothing is damaged: both go on with what is theirs.
        intruder.data = own
        intruder.start()
        donor.start()
        one.wait_ready()
        two.wait_ready()
        self.assertEqual(one[3].client().get("x"), "1")

    def test_a_directory_of_another_format(self):
        cluster = self.cluster(1)
        node = cluster[1]
        node.client().set("x", "1")
        node.terminate()
        identity = node.data / "identity"
        good = identity.read_bytes()
        identity.write_bytes(with_format(good, 99))
        ports = free_ports(2)
        outcome = run("serve", "--listen", f"127.0.0.1:{ports[0]}", "--http", f"127.0.0.1:{ports[1]}",
                      "--data", str(node.data))
        self.refused(outcome, 65, "format 99", "empty directory")
        identity.write_bytes(good)
        node.start()
        wait_until(node.ready, "the node to be back")
        self.assertEqual(node.client().get("x"), "1")

    def test_beyond_loopback_only_when_told(self):
        port = free_ports(1)[0]
        self.refused(run("serve", "--node", "1", "--cluster", f"1=0.0.0.0:{port},2=10.0.0.2:{port}"), 64, "--insecure-network")
        self.refused(run("serve", "--http", f"0.0.0.0:{port}"), 64, "--insecure-network")


class Protocol(ClusterTest):
    def exchange(self, node, data):
        with socket.create_connection(("127.0.0.1", node.resp_port), timeout=10) as connection:
            connection.sendall(data)
            reply = b""
            while chunk := connection.recv(65536):
                reply += chunk
            return reply

    def test_malformed_input_closes_that_connection_and_nothing_else(self):
        cluster = self.cluster(1)
        node = cluster[1]
        bystander = node.client()
        bystander.set("x", "1")
        for data in (b"*1\r\n$-5\r\n", b"*999999999\r\n", b"*1\r\n:1\r\n", b"$5\r\n" * 3 + b"\x00" * 70_000):
            self.assertIn(b"-ERR", self.exchange(node, data))
            self.assertEqual(bystander.get("x"), "1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
