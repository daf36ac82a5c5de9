"""The course's page-view counter: exactly as many as were counted, whoever dies meanwhile."""

import threading
import unittest

import redis

from harness import Background, ClusterTest, in_threads, wait_until


class Counter(ClusterTest):
    def test_a_hundred_threads_count_to_exactly_a_hundred(self):
        cluster = self.cluster()
        in_threads(100, lambda i: cluster.nodes[i % 3].client().incr("page_views:homepage"))
        for node in cluster.nodes:
            self.assertEqual(node.client().get("page_views:homepage"), "100")

    def test_leaders_die_while_a_hundred_clients_count(self):
        cluster = self.cluster()
        clients, each, kills = 100, 1000, 3
        acknowledged = [0] * clients
        cut_off = [0] * clients     # connections lost with a command under way
        errors = []
        killed = set()
        done = threading.Event()

        def count(i):
            home = cluster.nodes[i % 3]
            client = home.client(retry=None)
            for _ in range(each):
                while True:
                    try:
                        client.incr("count")
                        acknowledged[i] += 1
                        break
                    except redis.ConnectionError:
                        # The node of this client was killed: it goes to the next one, and does not count again.
                        if home.number not in killed:
                            errors.append(f"node {home.number} lives, yet its client lost its connection")
                        cut_off[i] += 1
                        client = wait_until(lambda: self.connected(cluster), "a node to serve")
                        break
                    except redis.ResponseError as error:
                        errors.append(str(error))
                        return

        def kill_leaders(stop):
            for round_number in range(kills):
                target = 100_000 * (round_number + 1) // (kills + 1)
                wait_until(lambda: sum(acknowledged) + sum(cut_off) >= target or stop.is_set(), "progress", 240)
                victim = cluster.leader()
                killed.add(victim.number)
                victim.kill()
                cluster.leader()
                victim.start()
                wait_until(victim.ready, "the killed node to be back")

        with Background(kill_leaders):
            in_threads(clients, count)
            done.set()
        self.assertEqual(errors, [])
        total = int(cluster.leader().client().get("count"))
        self.assertLessEqual(sum(acknowledged), total)
        self.assertLessEqual(total, sum(acknowledged) + sum(cut_off))
        self.assertGreater(sum(cut_off), 0)

    @staticmethod
    def connected(cluster):
        for node in cluster.nodes:
            if node.alive() and node.ready():
                return node.client(retry=None)
        return None

    def test_clients_of_survivors_see_a_pause_and_no_error(self):
        cluster = self.cluster()
        victim = cluster.leader()
        survivors = [n for n in cluster.nodes if n is not victim]
        counted = [0] * 20
        stop_counting = threading.Event()

        def count(i):
            client = survivors[i % 2].client(retry=None)
            while not stop_counting.is_set():
                client.incr("count")  # an error fails the test
                counted[i] += 1

        def kill_and_wait(_):
            wait_until(lambda: sum(counted) > 500, "the clients to be at work")
            victim.kill()
            before = sum(counted)
            wait_until(lambda: sum(counted) > before + 500, "the clients to go on")
            stop_counting.set()

        with Background(kill_and_wait):
            in_threads(20, count)
        self.assertEqual(int(survivors[0].client().get("count")), sum(counted))


if __name__ == "__main__":
    unittest.main(verbosity=2)
