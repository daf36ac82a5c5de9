"""A page-view counter: 100 threads, each on any node, count one view each.

    python3 examples/page_views.py 127.0.0.1:7379 [127.0.0.1:7380 ...]

The counter is one key on a replicated log, so there is no single server whose death loses views.
"""

import sys
import threading

import redis


def connect(address):
    host, port = address.rsplit(":", 1)
    return redis.Redis(host=host, port=int(port), decode_responses=True)


class DistributedCounter:
    def __init__(self, client, name):
        self._client = client
        self._name = name

    def increment(self):
        return self._client.incr(self._name)

    def get(self):
        return int(self._client.get(self._name) or 0)


def main(addresses):
    nodes = [connect(address) for address in addresses]
    nodes[0].delete("page_views:homepage")

    def view(i):
        DistributedCounter(nodes[i % len(nodes)], "page_views:homepage").increment()

    threads = [threading.Thread(target=view, args=(i,)) for i in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = [DistributedCounter(node, "page_views:homepage").get() for node in nodes]
    print(f"100 threads counted to {counts}")
    return 0 if counts == [100] * len(nodes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["127.0.0.1:7379"]))
