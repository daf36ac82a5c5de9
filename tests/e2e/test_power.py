"""Durability: all killed at once under load, slow syncs, lost page caches, failing syncs (disk_shim.c)."""

import os
import threading
import time
import unittest

import redis

from harness import SHIM, Background, ClusterTest, in_threads, wait_until


class Power(ClusterTest):
    def write_until_cut(self, cluster, clients=10):
        """Clients that write unique keys until their connections end. Returns what was acknowledged, when all are cut."""
        acknowledged = []
        lock = threading.Lock()
        started = threading.Event()

        def write(i):
            client = cluster.nodes[i % len(cluster.nodes)].client(retry=None)
            number = 0
            while True:
                try:
                    client.set(f"k-{i}-{number}", number)
                except redis.RedisError:
                    return
                with lock:
                    acknowledged.append((f"k-{i}-{number}", str(number)))
                    if len(acknowledged) > 1_000:
                        started.set()
                number += 1

        def cut(_):
            started.wait(60)
            for node in cluster.nodes:
                node.send(9)
            for node in cluster.nodes:
                node.process.wait()
                node.process = None

        with Background(cut):
            in_threads(clients, write)
        return acknowledged

    def check_all(self, cluster, acknowledged):
        self.assertGreater(len(acknowledged), 500)
        client = cluster.leader().client()
        keys = [key for key, _ in acknowledged]
        values = [value for _, value in acknowledged]
        self.assertEqual(client.mget(keys), values)

    def test_kill_of_every_node_at_once_under_load(self):
        cluster = self.cluster()
        acknowledged = self.write_until_cut(cluster)
        cluster.start()
        self.check_all(cluster, acknowledged)

    @unittest.skipUnless(SHIM, "the preloaded shim is not built")
    def test_what_was_not_synced_is_lost_and_nothing_acknowledged_with_it(self):
        cluster = self.cluster(start=False)
        for node in cluster.nodes:
            node.environment = {"LD_PRELOAD": SHIM, "COTERIE_SHIM_DROP_FILE": "1"}
        cluster.start()
        acknowledged = self.write_until_cut(cluster)
        for node in cluster.nodes:
            node.environment = {}
        cluster.start()
        self.check_all(cluster, acknowledged)

    @unittest.skipUnless(SHIM, "the preloaded shim is not built")
    def test_an_acknowledgement_waits_for_the_syncs_of_a_majority(self):
        def fastest_set(slow_nodes):
            cluster = self.cluster(start=False)
            for node in cluster.nodes:
                if node.number in slow_nodes:
                    node.environment = {"LD_PRELOAD": SHIM, "COTERIE_SHIM_SYNC_DELAY_MS": "200"}
            cluster.start()
            fast = next((n for n in cluster.nodes if n.number not in slow_nodes), cluster[1])
            if len(slow_nodes) == 1:
                # The slow one follows, so that the two others are the majority.
                wait_until(lambda: self.not_leading(cluster, slow_nodes[0]), "a fast leader")
                fast = cluster.leader()
            client = fast.client()
            times = []
            for i in range(5):
                begin = time.monotonic()
                client.set("x", i)
                times.append(time.monotonic() - begin)
            for node in cluster.nodes:
                node.kill()
            return min(times)

        self.assertGreaterEqual(fastest_set([1, 2]), 0.2)
        self.assertLess(fastest_set([3]), 0.2)

    @staticmethod
    def not_leading(cluster, number):
        leader = cluster.leader()
        if leader.number != number:
            return True
        leader.client().execute_command("COTERIE", "TRANSFER")
        return False

    def test_a_weaker_mode_confesses_after_a_kill_and_only_then(self):
        cluster = self.cluster(flags=["--fsync", "never"])
        victim = cluster.followers()[0]
        client = victim.client()
        for i in range(50):
            client.set(f"key-{i}", i)
        replica = victim.status()["replica"]
        # After a clean end its log is as good as any.
        self.assertEqual(victim.terminate(), 0)
        victim.start()
        wait_until(victim.ready, "the node to be back")
        self.assertEqual(victim.status()["replica"], replica)
        # After a kill nobody knows what is missing: it comes back as a new replica, and learns.
        victim.kill()
        victim.start()
        wait_until(lambda: victim.status()["replica"] != replica, "a new replica")
        wait_until(lambda: victim.status()["role"] in ("follower", "leader"), "the new replica to vote")
        self.assertEqual(victim.client().mget([f"key-{i}" for i in range(50)]), [str(i) for i in range(50)])

    @unittest.skipUnless(SHIM, "the preloaded shim is not built")
    def test_a_node_whose_sync_fails_stops_and_the_others_go_on(self):
        cluster = self.cluster(start=False)
        trigger = cluster.directory / "fail"
        victim = cluster[2]
        victim.environment = {"LD_PRELOAD": SHIM, "COTERIE_SHIM_SYNC_FAILS_FILE": str(trigger)}
        cluster.start()
        client = cluster[1].client()
        client.set("before", 1)
        trigger.touch()
        client.set("meanwhile", 1)
        self.assertNotEqual(victim.wait_exit(), 0)
        self.assertIn("stopping: the log cannot be written", victim.log_text())
        client.set("after", 1)
        trigger.unlink()
        victim.environment = {}
        victim.start()
        wait_until(victim.ready, "the node to be back")
        self.assertEqual(victim.client().mget("before", "meanwhile", "after"), ["1", "1", "1"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
