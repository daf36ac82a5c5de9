"""Before there is a cluster: requests wait for it, within their time, as they wait in every other pause."""

import threading
import time
import unittest

import redis

from harness import ClusterTest, wait_until


class BeforeTheCluster(ClusterTest):
    def test_requests_wait_until_the_cluster_is_founded(self):
        cluster = self.cluster(start=False)
        first = cluster[1].start()
        wait_until(lambda: first.client().ping(), "node 1 to answer PING")
        replies = []

        def ask():
            client = first.client(socket_timeout=30)
            pipe = client.pipeline(transaction=False)
            replies.extend(pipe.set("early", "1").incr("early").get("early").execute())

        asking = threading.Thread(target=ask)
        asking.start()
        # The request has arrived, and is held.
        wait_until(lambda: any(c["cmd"] == "get" for c in first.client().client_list()),
                   "the request to arrive")
        self.assertEqual(replies, [])
        cluster[2].start()
        cluster[3].start()
        asking.join(timeout=30)
        self.assertEqual(replies, [True, 2, "2"])
        cluster.wait_same_state()

    def test_when_none_comes_about_they_are_answered_after_their_time(self):
        cluster = self.cluster(start=False, flags=["--request-timeout", "700ms"])
        node = cluster[1].start()
        wait_until(lambda: node.client().ping(), "node 1 to answer PING")
        for command in (["SET", "k", "v"], ["GET", "k"]):
            began = time.monotonic()
            with self.assertRaises(redis.exceptions.BusyLoadingError) as caught:
                node.client(retry_on_error=[]).execute_command(*command)
            self.assertGreaterEqual(time.monotonic() - began, 0.69)
            self.assertIn("not in a cluster yet", str(caught.exception))
        self.assertEqual(node.terminate(), 0)


if __name__ == "__main__":
    unittest.main()
