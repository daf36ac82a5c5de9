"""What people will do first: redis-cli and redis-py, RESP2 and RESP3, a password, pub/sub on every node, health pages."""

import json
import subprocess
import unittest
import urllib.error
import urllib.request

import redis

from harness import Background, ClusterTest, wait_until


class Clients(ClusterTest):
    def cli(self, node, *words, more=()):
        ran = subprocess.run(["redis-cli", "-p", str(node.resp_port), *more, *words], capture_output=True, text=True,
                             timeout=20)
        return ran.stdout.strip()

    def test_redis_cli_on_every_node(self):
        cluster = self.cluster()
        self.assertEqual(self.cli(cluster[1], "SET", "greeting", "hello"), "OK")
        for node in cluster.nodes:
            self.assertEqual(self.cli(node, "GET", "greeting"), "hello")
            self.assertEqual(self.cli(node, "GET", "greeting", more=["-3"]), "hello")
            self.assertIn("redis_version:7.2.0", self.cli(node, "INFO"))
            self.assertIn("raft_role", self.cli(node, "INFO", "coterie"))
            self.assertTrue(self.cli(node, "ROLE").startswith("master"))

    def test_redis_py_pipelines_transactions_and_scans(self):
        cluster = self.cluster()
        one, two = cluster[1].client(), cluster[2].client()
        with one.pipeline() as pipeline:
            pipeline.multi()
            pipeline.set("a", 1)
            pipeline.incr("a")
            pipeline.get("a")
            self.assertEqual(pipeline.execute(), [True, 2, "2"])
        with one.pipeline() as pipeline:
            pipeline.watch("a")
            two.set("a", 10)
            pipeline.multi()
            pipeline.set("a", 3)
            with self.assertRaises(redis.WatchError):
                pipeline.execute()
        mixed = one.pipeline(transaction=False)
        for i in range(200):
            mixed.set("m", i)
            mixed.get("m")
        answers = mixed.execute()
        self.assertEqual(answers[1::2], [str(i) for i in range(200)])
        one.mset({f"scan-{i}": i for i in range(300)})
        self.assertEqual(len(set(two.scan_iter("scan-*", count=10))), 300)
        one.hset("h", mapping={"f": "1", "g": "2"})
        self.assertEqual(two.hgetall("h"), {"f": "1", "g": "2"})
        one.set("short", "x", px=50)
        wait_until(lambda: two.get("short") is None, "a key to expire")

    def test_keys_expire_on_an_idle_cluster(self):
        cluster = self.cluster()
        client = cluster[1].client()
        for i in range(3):
            client.set(f"short-{i}", "x", px=150 + i)
        client.set("long", "x")
        # Asking for the status is no request: nothing but the leader's own stamp moves log time.
        for node in cluster.nodes:
            wait_until(lambda: node.status()["keys"] == 1, f"node {node.number} to forget what has expired")

    def test_publish_reaches_subscribers_of_every_node(self):
        cluster = self.cluster()
        heard = []
        subscribers = [node.client().pubsub(ignore_subscribe_messages=True) for node in cluster.nodes]
        for subscriber in subscribers:
            subscriber.subscribe("news")
            subscriber.get_message(timeout=5)
        cluster[1].client().publish("news", "System update available")
        for subscriber in subscribers:
            message = wait_until(lambda s=subscriber: s.get_message(timeout=1), "the message")
            heard.append(message["data"])
        self.assertEqual(heard, ["System update available"] * 3)

    def test_a_password(self):
        cluster = self.cluster(1, flags=["--requirepass", "secret"])
        node = cluster[1]
        with self.assertRaises(redis.AuthenticationError):
            node.client().get("x")
        with self.assertRaisesRegex(redis.ResponseError, "WRONGPASS"):
            node.client(password="wrong").get("x")
        node.client(password="secret").set("x", "1")
        self.assertEqual(self.cli(node, "GET", "x", more=["-a", "secret", "--no-auth-warning", "-3"]), "1")

    def test_health_pages(self):
        cluster = self.cluster()
        node = cluster[1]

        def page(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{node.http_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()

        self.assertEqual(page("/healthz")[0], 200)
        self.assertEqual(page("/readyz")[0], 200)
        status = json.loads(page("/status.json")[1])
        self.assertEqual(status["id"], 1)
        with self.assertRaises(urllib.error.HTTPError):
            page("/nothing")
        for other in cluster.nodes[1:]:
            other.kill()
        wait_until(lambda: not node.ready(), "the node to say that it is not ready")
        self.assertEqual(page("/healthz")[0], 200)

    def test_term_hands_over_and_ends_with_zero(self):
        cluster = self.cluster()
        leader = cluster.leader()
        survivors = [n for n in cluster.nodes if n is not leader]
        failures = []

        def write(stop):
            client = survivors[0].client(retry=None)
            while not stop.is_set():
                client.incr("n")

        with Background(write):
            wait_until(lambda: int(survivors[1].client().get("n") or 0) > 50, "writes")
            self.assertEqual(leader.terminate(), 0)
            before = int(survivors[1].client().get("n"))
            wait_until(lambda: int(survivors[1].client().get("n")) > before + 50, "writes to go on")
        self.assertEqual(failures, [])
        self.assertIn("hands leadership over", leader.log_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
