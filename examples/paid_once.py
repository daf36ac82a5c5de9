"""A command that is sent twice and applied once, because its sender could not know whether it had arrived.

    python3 examples/paid_once.py 127.0.0.1:7379 [127.0.0.1:7380 ...]

ONCE takes a client's name and a number that rises; the same number again gets the kept reply, on any node, also after the
leader has died in between.
"""

import sys

import redis


def connect(address):
    host, port = address.rsplit(":", 1)
    return redis.Redis(host=host, port=int(port), decode_responses=True)


def main(addresses):
    one, other = connect(addresses[0]), connect(addresses[-1])
    one.set("balance", 1000)
    number = int(one.incr("shop-7:numbers"))
    first = one.execute_command("ONCE", "shop-7", number, "DECRBY", "balance", 250)
    # No reply came (say), so the shop asks again, elsewhere.
    again = other.execute_command("ONCE", "shop-7", number, "DECRBY", "balance", 250)
    balance = int(other.get("balance"))
    print(f"paid twice, taken once: replies {first} and {again}, balance {balance}")
    return 0 if (first, again, balance) == (750, 750, 750) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["127.0.0.1:7379"]))
