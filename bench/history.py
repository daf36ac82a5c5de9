"""What the clients of a benchmark saw, as a history that the judges read: docs/formats/history.md.

While the load runs an operation costs one tuple in a list; the lines are made and written when it is over.
"""

import json
import os
import subprocess

# How an error begins that says that nothing was done. Any other leaves it open: a timeout, a connection that broke.
NOT_EXECUTED = ("CLUSTERDOWN", "DISKFULL")


class Recording:
    def __init__(self, path):
        """Written there at the end; opened now, so that a path that cannot be written is told before the work."""
        self.path = path
        self._file = open(path, "w", encoding="utf-8")
        self._operations = []

    def add(self, client, name, key, value, start_ns, end_ns, result, error):
        """An operation of one key, with its value or None. `error` is None when it was answered. Any thread may call it."""
        self._operations.append((client, name, key, value, start_ns, end_ns, result, error))

    def lines(self):
        for client, name, key, value, start_ns, end_ns, result, error in self._operations:
            line = {"client": client, "op": name, "key": key}
            if value is not None:
                line["value"] = value
            line |= {"start_ns": start_ns, "end_ns": end_ns, "outcome": outcome_of(error)}
            if error is None:
                line["result"] = "OK" if name == "set" else result
            yield line

    def write(self):
        with self._file as file:
            for line in self.lines():
                file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def judge(self, model):
        """Prints the verdict on what was written; returns the exit code of `coterie check`."""
        said = subprocess.run([os.environ["COTERIE_BINARY"], "check", self.path, "--model", model],
                              capture_output=True, text=True)
        print(f"coterie check {self.path} --model {model}: {said.stdout}{said.stderr}", end="", flush=True)
        return said.returncode


def outcome_of(error):
    if error is None:
        return "ok"
    return "fail" if str(error).startswith(NOT_EXECUTED) else "unknown"
