"""The course's payment lock, made safe: the holder sleeps past its time, and the resource refuses its token.

redis-py makes a bool of SET's reply unless it is told `get=True`, which leaves the token as it came.
"""

import unittest

import redis

from harness import ClusterTest, wait_until


class Lock(ClusterTest):
    def test_a_stopped_holder_is_refused_by_its_token(self):
        cluster = self.cluster()
        first, second = cluster[1].client(), cluster[2].client()
        token = first.execute_command("SET", "lock:payment", "worker-1", "NX", "PX", 300, "TOKEN", get=True)
        self.assertIsInstance(token, int)
        self.assertIsNone(second.execute_command("SET", "lock:payment", "worker-2", "NX", "PX", 300, "TOKEN", get=True))
        first.execute_command("FENCE", "payment", token, "SET", "payment:42", "by worker-1")
        # Worker 1 is stopped past its time; worker 2 gets the lock and a higher token.
        later = wait_until(
            lambda: second.execute_command("SET", "lock:payment", "worker-2", "NX", "PX", 30_000, "TOKEN", get=True),
            "the lock to expire")
        self.assertGreater(later, token)
        second.execute_command("FENCE", "payment", later, "SET", "payment:42", "by worker-2")
        with self.assertRaisesRegex(redis.ResponseError, "STALETOKEN"):
            first.execute_command("FENCE", "payment", token, "SET", "payment:42", "by worker-1 again")
        self.assertEqual(cluster[3].client().get("payment:42"), "by worker-2")
        # Nobody but the owner releases it.
        self.assertEqual(first.execute_command("DELIFEQ", "lock:payment", "worker-1"), 0)
        self.assertEqual(second.execute_command("DELIFEQ", "lock:payment", "worker-2"), 1)

    def test_tokens_rise_across_a_change_of_leader(self):
        cluster = self.cluster()
        token = cluster[1].client().execute_command("SET", "l", "a", "TOKEN", get=True)
        leader = cluster.leader()
        leader.kill()
        survivor = cluster.leader()
        self.assertGreater(survivor.client().execute_command("SET", "l", "b", "TOKEN", get=True), token)


if __name__ == "__main__":
    unittest.main(verbosity=2)
