"""Full disks, on small tmpfs mounts: one full node stops nothing; a full majority refuses writes, still reads, and heals."""

import os
import subprocess
import unittest

import redis

from harness import ClusterTest, wait_until


class DiskFull(ClusterTest):
    def mounted(self, node, megabytes):
        node.data.mkdir(parents=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(node.data)],
                          capture_output=True).returncode != 0:
            self.skipTest("this machine allows no mounts")
        self.addCleanup(subprocess.run, ["umount", "-l", str(node.data)], check=False)

    def resize(self, node, megabytes):
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(node.data)], check=True)

    def fill(self, client, until, limit=2_000):
        """Writes 100 kB values until `until(error or None)` says so."""
        for i in range(limit):
            try:
                client.set(f"fill-{i % 50}", os.urandom(100_000))
                error = None
            except redis.ResponseError as refused:
                error = str(refused)
            if until(error):
                return error
        self.fail("the disks did not fill")

    def test_one_full_follower_stops_nothing(self):
        cluster = self.cluster(start=False)
        self.mounted(cluster[2], 48)
        cluster.start()
        writer = cluster[1].client(decode_responses=False)
        self.fill(writer, lambda error: self.assertIsNone(error) or cluster[2].status()["disk_full"])
        for i in range(50):
            writer.set("after", i)
        self.assertEqual(writer.get("after"), b"49")
        self.resize(cluster[2], 512)
        wait_until(lambda: not cluster[2].status()["disk_full"], "the disk to have room again")
        cluster.wait_same_state()

    def test_a_full_majority_refuses_writes_and_heals(self):
        cluster = self.cluster(start=False, flags=["--request-timeout", "3s"])
        self.mounted(cluster[2], 48)
        self.mounted(cluster[3], 48)
        cluster.start()
        writer = cluster[1].client(decode_responses=False, retry=None)
        writer.set("before", b"kept")
        refused = self.fill(writer, lambda error: error is not None and error.startswith("DISKFULL"))
        self.assertIn("make room", refused)
        for node in cluster.nodes[1:]:
            self.resize(node, 512)
        cluster.wait_ready()
        wait_until(lambda: writer.set("after", b"1"), "writes to be taken again")
        self.assertEqual(writer.get("before"), b"kept")
        cluster.wait_same_state()


if __name__ == "__main__":
    unittest.main(verbosity=2)
