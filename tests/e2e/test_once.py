"""ONCE: applied once, however often it is asked, through a proxy that loses every first reply, while leaders die."""

import threading
import unittest

import redis

from harness import Background, ClusterTest, in_threads, wait_until
from proxy import ReplyDroppingProxy


class Once(ClusterTest):
    def test_ten_thousand_increments_with_every_first_reply_lost(self):
        cluster = self.cluster()
        clients, each = 20, 500
        seen = set()
        lock = threading.Lock()

        def drop(request):
            if b"ONCE" not in request:
                return False
            with lock:
                first = request not in seen
                seen.add(request)
            return first

        proxies = [ReplyDroppingProxy(node.resp_port, drop) for node in cluster.nodes]
        self.addCleanup(lambda: [proxy.close() for proxy in proxies])
        counted = [0] * clients

        def count(i):
            at = i
            client = None
            for number in range(1, each + 1):
                while True:
                    try:
                        if client is None:
                            client = redis.Redis(port=proxies[at % 3].port, socket_timeout=15, retry=None)
                        client.execute_command("ONCE", f"client-{i}", number, "INCR", "orders")
                        counted[i] += 1
                        break
                    except (redis.ConnectionError, redis.TimeoutError):
                        client = None
                        at += 0 if cluster.nodes[at % 3].alive() else 1
                    except redis.ResponseError as error:
                        # Whatever is not an answer to INCR is asked again: that is what ONCE is for.
                        if not str(error).startswith(("UNKNOWN", "CLUSTERDOWN", "LOADING")):
                            raise

        def kill_leaders(_):
            for share in (0.25, 0.5, 0.75):
                wait_until(lambda: sum(counted) >= share * clients * each, "progress", 300)
                victim = cluster.leader()
                victim.kill()
                cluster.leader()
                victim.start()
                wait_until(victim.ready, "the killed node to be back")

        with Background(kill_leaders):
            in_threads(clients, count)
        self.assertEqual(int(cluster.leader().client().get("orders")), clients * each)
        self.assertEqual(len(seen), clients * each)

    def test_the_reply_is_kept_and_the_number_is_remembered(self):
        cluster = self.cluster(1)
        client = cluster[1].client()
        self.assertEqual(client.execute_command("ONCE", "c", 1, "INCR", "n"), 1)
        self.assertEqual(client.execute_command("ONCE", "c", 1, "INCR", "n"), 1)
        self.assertEqual(client.execute_command("ONCE", "c", 2, "INCR", "n"), 2)
        self.assertEqual(client.get("n"), "2")


if __name__ == "__main__":
    unittest.main(verbosity=2)
