"""A task queue: producers push, workers on other nodes wait with BLPOP and are woken in the order in which they came.

    python3 examples/task_queue.py 127.0.0.1:7379 [127.0.0.1:7380 ...]

A worker that dies after BLPOP takes its task with it, as with Redis: what must not be lost then needs a list of tasks under way.
"""

import sys
import threading

import redis


def connect(address):
    host, port = address.rsplit(":", 1)
    return redis.Redis(host=host, port=int(port), decode_responses=True)


class DistributedQueue:
    def __init__(self, client, name):
        self._client = client
        self._key = f"queue:{name}"

    def enqueue(self, task):
        self._client.rpush(self._key, task)

    def dequeue(self, timeout):
        found = self._client.blpop(self._key, timeout=timeout)
        return found[1] if found else None


def main(addresses):
    nodes = [connect(address) for address in addresses]
    nodes[0].delete("queue:videos")
    tasks = [f"process_video_{i}" for i in range(30)]
    done = []
    lock = threading.Lock()

    def work(node):
        queue = DistributedQueue(node, "videos")
        while (task := queue.dequeue(timeout=1)) is not None:
            with lock:
                done.append(task)

    workers = [threading.Thread(target=work, args=(node,)) for node in nodes for _ in range(2)]
    for worker in workers:
        worker.start()
    producer = DistributedQueue(nodes[0], "videos")
    for task in tasks:
        producer.enqueue(task)
    for worker in workers:
        worker.join()
    print(f"{len(tasks)} tasks, {len(done)} done, {len(set(done))} different")
    return 0 if sorted(done) == sorted(tasks) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["127.0.0.1:7379"]))
