"""Disks that are wiped or damaged: the node returns and can carry the cluster; a wiped majority serves nobody."""

import hashlib
import subprocess
import unittest

import redis

from harness import BINARY, Background, ClusterTest, wait_until


def content(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(directory.iterdir()) if path.is_file() and path.name != "lock"}


class Disks(ClusterTest):
    def fill(self, cluster, count, start=0):
        client = cluster.leader().client()
        pipeline = client.pipeline(transaction=False)
        for i in range(start, start + count):
            pipeline.set(f"key-{i}", f"value-{i}")
        pipeline.execute()

    def check(self, node, count):
        client = node.client()
        self.assertEqual(client.mget([f"key-{i}" for i in range(count)]), [f"value-{i}" for i in range(count)])

    def wait_voter(self, node):
        wait_until(lambda: node.status()["role"] in ("follower", "leader"), f"node {node.number} to vote again")

    def test_a_wiped_follower_returns_and_can_carry_the_cluster(self):
        cluster = self.cluster()
        self.fill(cluster, 500)
        wiped, other = cluster.followers()
        leader = cluster.leader()
        old_replica = wiped.status()["replica"]
        wiped.kill()
        wiped.wipe()
        wiped.start()
        self.wait_voter(wiped)
        self.assertNotEqual(wiped.status()["replica"], old_replica)
        cluster.wait_same_state()
        # Now the others go, one after the other: the wiped one's vote and data must carry.
        other.kill()
        self.fill(cluster, 500, 500)
        other.start()
        wait_until(other.ready, "the other to be back")
        leader.kill()
        wait_until(wiped.ready, "a majority with the wiped node")
        self.check(wiped, 1000)

    def test_damage_in_the_middle_of_a_log_is_never_served_and_is_repaired(self):
        cluster = self.cluster()
        # In many batches, all of them on every disk: damage in the last one would be a torn tail.
        for start in range(0, 300, 30):
            self.fill(cluster, 30, start)
            cluster.wait_same_state()
        victim, other = cluster.followers()
        victim.kill()
        self.fill(cluster, 10, 300)
        segment = sorted(victim.data.glob("*.log"))[0]
        data = bytearray(segment.read_bytes())
        used = max(i for i, byte in enumerate(data) if byte)
        # In a record, not in the zeros between two batches.
        middle = next(i for i in range(used // 2, used) if data[i])
        data[middle] ^= 0xFF
        segment.write_bytes(data)
        victim.start()
        wait_until(lambda: "damage" in victim.log_text(), "the damage to be found")
        self.wait_voter(victim)
        cluster.wait_same_state()
        other.kill()
        self.fill(cluster, 10, 310)
        self.check(victim, 320)

    def test_a_wiped_majority_serves_nobody_until_the_loss_is_accepted(self):
        cluster = self.cluster(flags=["--request-timeout", "1s"])
        self.fill(cluster, 200)
        cluster.wait_same_state()
        survivor = cluster[3]
        for node in cluster.nodes:
            node.terminate()
        for node in cluster.nodes[:2]:
            node.wipe()
        before = content(survivor.data)
        for node in cluster.nodes:
            node.start()
        wait_until(lambda: "ready" in survivor.status() and not survivor.status()["ready"], "the survivor to answer")
        for node in cluster.nodes:
            with self.assertRaises(redis.RedisError):
                node.client(retry=None).get("key-1")
            self.assertFalse(node.ready())
        survivor.kill()
        logs = {name: digest for name, digest in content(survivor.data).items() if name.endswith((".snap",))}
        self.assertEqual(logs, {name: digest for name, digest in before.items() if name.endswith((".snap",))})
        said = subprocess.run([BINARY, "recover", "--data", str(survivor.data)], capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("nothing was changed", said.stdout)
        said = subprocess.run([BINARY, "recover", "--data", str(survivor.data), "--accept-loss"],
                              capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("accepted", said.stdout)
        survivor.start()
        for node in cluster.nodes:
            self.wait_voter(node)
        cluster.wait_ready()
        for node in cluster.nodes:
            self.check(node, 200)
        cluster.wait_same_state()

    def recover(self, node, *flags):
        said = subprocess.run([BINARY, "recover", "--data", str(node.data), *flags], capture_output=True, text=True)
        self.assertEqual(said.returncode, 0, said.stderr)
        return said.stdout

    def test_a_cluster_killed_under_a_weaker_mode_founds_nothing_over_its_data(self):
        cluster = self.cluster(flags=["--fsync", "never", "--request-timeout", "1s"])
        self.fill(cluster, 200)
        cluster.wait_same_state()
        for node in cluster.nodes:
            node.kill()
        for _ in range(2):  # the second time they have been given up already
            for node in cluster.nodes:
                node.start()
            for node in cluster.nodes:
                wait_until(lambda: "given up" in node.status()["not_ready_reason"], "the reason to be said")
                self.assertFalse(node.ready())
            for node in cluster.nodes:
                node.kill()
        self.assertIn("its log ends at", self.recover(cluster[2]))
        self.assertIn("accepted", self.recover(cluster[2], "--accept-loss"))
        for node in (cluster[1], cluster[3]):
            node.wipe()
        for node in cluster.nodes:
            node.start()
        for node in cluster.nodes:
            self.wait_voter(node)
        for node in cluster.nodes:
            self.check(node, 200)

    def test_a_single_node_killed_under_a_weaker_mode_goes_on_with_what_it_has(self):
        cluster = self.cluster(1, flags=["--fsync", "never"])
        self.fill(cluster, 200)
        cluster[1].kill()
        cluster.start()
        self.assertIn("may be missing", cluster[1].log_text())
        self.check(cluster[1], 200)

    def test_a_single_node_that_lost_its_vote_keeps_its_data(self):
        cluster = self.cluster(1, flags=["--request-timeout", "1s"])
        node = cluster[1]
        self.fill(cluster, 200)
        node.kill()
        (node.data / "state").unlink()
        node.start()
        wait_until(lambda: "given up" in node.status()["not_ready_reason"], "the reason to be said")
        node.kill()
        self.assertIn("accepted", self.recover(node, "--accept-loss"))
        cluster.start()
        self.check(node, 200)

    def test_a_single_node_that_lost_its_identity_keeps_its_data(self):
        cluster = self.cluster(1, flags=["--request-timeout", "1s"])
        node = cluster[1]
        self.fill(cluster, 200)
        node.kill()
        identity = (node.data / "identity").read_bytes()
        (node.data / "identity").unlink()
        node.start()
        wait_until(lambda: "given up" in node.status()["not_ready_reason"], "the reason to be said")
        self.assertEqual(node.terminate(), 0)
        (node.data / "identity").write_bytes(identity)
        cluster.start()
        self.check(node, 200)

    def test_a_node_far_behind_is_brought_back_by_a_snapshot(self):
        cluster = self.cluster()
        lagging = cluster.followers()[0]
        lagging.kill()
        # More than the log that is kept: 64 MiB make a snapshot due.
        client = cluster.leader().client()
        value = "x" * 200_000
        for start in range(0, 500, 50):
            pipeline = client.pipeline(transaction=False)
            for i in range(start, start + 50):
                pipeline.set(f"big-{i}", value)
            pipeline.execute()
        wait_until(lambda: cluster.leader().status()["snapshot"] > 0, "a snapshot")
        lagging.start()
        wait_until(lagging.ready, "the node to be back")
        cluster.wait_same_state()
        self.assertIn("snapshot", lagging.log_text())
        self.assertEqual(lagging.client().get("big-499"), value)


if __name__ == "__main__":
    unittest.main(verbosity=2)
