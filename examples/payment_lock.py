"""A payment lock that stays safe when its holder sleeps: the token is checked where the money is.

    python3 examples/payment_lock.py 127.0.0.1:7379 [127.0.0.1:7380 ...]

A lock with a time limit cannot keep two workers from believing that they hold it: the first may be stopped past its time. So
the lock gives a token that only rises, and the resource refuses a token below the highest it has seen.
"""

import sys
import time

import redis


def connect(address):
    host, port = address.rsplit(":", 1)
    return redis.Redis(host=host, port=int(port), decode_responses=True)


class DistributedLock:
    def __init__(self, client, resource, owner):
        self._client = client
        self._key = f"lock:{resource}"
        self._owner = owner

    def acquire(self, hold_ms, wait_s=10.0):
        """The fencing token; None when the lock could not be had in time."""
        give_up = time.monotonic() + wait_s
        while True:
            # get=True leaves the reply as it is: redis-py would make a bool of SET's otherwise.
            token = self._client.execute_command("SET", self._key, self._owner, "NX", "PX", hold_ms, "TOKEN", get=True)
            if token is not None or time.monotonic() > give_up:
                return token
            time.sleep(0.05)  # nobody is told when a lock's time is over: it is asked for again

    def release(self):
        """True when it was still ours: nobody releases another's lock."""
        return self._client.execute_command("DELIFEQ", self._key, self._owner) == 1


def pay(client, token, amount):
    client.execute_command("FENCE", "account:42", token, "SET", "account:42:last_payment", amount)


def main(addresses):
    one, two = connect(addresses[0]), connect(addresses[-1])
    one.delete("lock:payment:42")
    first, second = DistributedLock(one, "payment:42", "worker-1"), DistributedLock(two, "payment:42", "worker-2")
    old_token = first.acquire(hold_ms=200)
    pay(one, old_token, 100)
    # Worker 1 is now stopped past its time; worker 2 waits for the lock and pays.
    new_token = second.acquire(hold_ms=30_000)
    pay(two, new_token, 250)
    try:
        pay(one, old_token, 100)
        refused = False
    except redis.ResponseError as error:
        refused = str(error).startswith("STALETOKEN")
    released = (first.release(), second.release())
    last = one.get("account:42:last_payment")
    print(f"token {old_token} after {new_token}: {'refused' if refused else 'ACCEPTED'}; last payment {last}")
    return 0 if refused and last == "250" and released == (False, True) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["127.0.0.1:7379"]))
