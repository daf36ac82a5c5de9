"""A leader that is stopped (SIGSTOP) and wakes later believes that it leads: no stale read may come from it."""

import time
import unittest

import redis

from harness import ClusterTest, wait_until


class Pause(ClusterTest):
    def test_no_stale_read_from_a_leader_that_wakes(self):
        cluster = self.cluster()
        leader = cluster.leader()
        sleeper = leader.client(retry=None, socket_timeout=60)
        sleeper.set("x", "old")
        leader.pause()
        paused = time.monotonic()
        try:
            others = [n for n in cluster.nodes if n is not leader]
            new_leader = wait_until(lambda: self.leader_of(others, leader), "another leader")
            # Long enough for its connections to be given up, and the world goes on without it.
            client, count = new_leader.client(), 0
            while count == 0 or time.monotonic() < paused + 10:
                count += 1
                client.set("x", count)
            # Asked while it sleeps, so that the question is the first thing it finds.
            sleeper_connection = sleeper.connection_pool.get_connection("GET")
            sleeper_connection.send_command("GET", "x")
        finally:
            leader.resume()
        self.assertEqual(sleeper_connection.read_response(), str(count))
        wait_until(lambda: leader.status()["role"] == "follower", "the sleeper to follow")

    @staticmethod
    def leader_of(nodes, but_not):
        leaders = {n.status()["leader"] for n in nodes}
        found = leaders.pop()
        if leaders or found in (None, 0, but_not.number):
            return None
        return next(n for n in nodes if n.number == found)

    def test_a_leader_without_a_majority_answers_no_read(self):
        cluster = self.cluster(flags=["--request-timeout", "1s"])
        leader = cluster.leader()
        client = leader.client(retry=None)
        client.set("x", "1")
        for node in cluster.nodes:
            if node is not leader:
                node.pause()
        try:
            with self.assertRaisesRegex(redis.ResponseError, "CLUSTERDOWN not executed"):
                client.get("x")
            self.assertFalse(leader.ready())
        finally:
            for node in cluster.nodes:
                node.resume()
        wait_until(leader.ready, "the majority to be back")
        self.assertEqual(client.get("x"), "1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
