"""Producers and consumers across failovers: nothing is lost, nothing comes twice, consumers never hang."""

import threading
import unittest

from harness import Background, ClusterTest, in_threads, wait_until


class Queue(ClusterTest):
    def test_producers_and_consumers_on_survivors_while_leaders_die(self):
        cluster = self.cluster()
        first = cluster.leader()
        survivors = [n for n in cluster.nodes if n is not first]
        producers, consumers, each = 8, 8, 150
        taken = []
        made = []
        lock = threading.Lock()
        produced = threading.Event()

        def produce(i):
            client = survivors[i % 2].client(retry=None)
            for number in range(each):
                item = f"video-{i}-{number}"
                client.rpush("tasks", item)
                with lock:
                    made.append(item)

        def consume(i):
            client = survivors[i % 2].client(retry=None)
            while True:
                got = client.blpop("tasks", timeout=1)
                if got:
                    with lock:
                        taken.append(got[1])
                elif produced.is_set():
                    return

        def work(i):
            if i < producers:
                produce(i)
                with lock:
                    if len(made) == producers * each:
                        produced.set()
            else:
                consume(i)

        def kill_twice(_):
            for share in (0.25, 0.6):
                wait_until(lambda: len(taken) >= share * producers * each, "progress", 240)
                first.kill()
                wait_until(lambda: cluster.leader(), "another leader")
                first.start()
                wait_until(first.ready, "the killed node to be back")
                # It leads again, so that the next kill hits a leader.
                wait_until(lambda: self.lead(cluster, first), "leadership to return")

        with Background(kill_twice):
            in_threads(producers + consumers, work)
        self.assertEqual(len(taken), len(set(taken)), "an item was given twice")
        self.assertEqual(sorted(taken), sorted(made))

    @staticmethod
    def lead(cluster, node):
        leader = cluster.leader()
        if leader is node:
            return True
        leader.client().execute_command("COTERIE", "TRANSFER", node.number)
        return False

    def test_a_waiting_consumer_outlives_the_leader(self):
        cluster = self.cluster()
        leader = cluster.leader()
        home = cluster.followers()[0]
        got = []

        def wait_for_item(_):
            got.append(home.client(retry=None, socket_timeout=60).blpop("late", timeout=0))

        with Background(wait_for_item):
            wait_until(lambda: self.blocked(home), "the consumer to wait")
            leader.kill()
            other = wait_until(lambda: cluster.leader(), "another leader")
            other.client().rpush("late", "at last")
        self.assertEqual(got, [("late", "at last")])

    @staticmethod
    def blocked(node):
        return int(node.client().info("clients")["blocked_clients"]) > 0


if __name__ == "__main__":
    unittest.main(verbosity=2)
