"""bench --record: what the clients of a benchmark saw is a history that the judges can rule on, and do."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import BINARY

SOURCE = pathlib.Path(os.environ.get("COTERIE_SOURCE", pathlib.Path(__file__).parents[2]))


def check(path):
    return subprocess.run([BINARY, "check", str(path), "--model", "kv"], capture_output=True, text=True)


class Record(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="coterie-e2e-bench-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def bench(self, *words):
        results = self.folder / "results.jsonl"
        return subprocess.run([str(SOURCE / "bench" / "run"), *words], capture_output=True, text=True, timeout=300,
                              env={**os.environ, "COTERIE_BINARY": BINARY, "COTERIE_BENCH_RESULTS": str(results)})

    def test_a_failover_is_recorded_and_judged(self):
        path = self.folder / "history.jsonl"
        said = self.bench("failover", "--rounds", "1", "--record", str(path))
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertIn("--model kv: holds", said.stdout)
        self.assertEqual(len((self.folder / "results.jsonl").read_text().splitlines()), 2)
        self.assertEqual(check(path).returncode, 0)

        operations = [json.loads(line) for line in path.read_text().splitlines()]
        writes = [one for one in operations if one["op"] == "set" and one["outcome"] == "ok"]
        reads = [one for one in operations if one["op"] == "get" and one["outcome"] == "ok" and one["result"]]
        self.assertGreater(len(writes), 800)
        self.assertGreater(len(reads), 200)
        self.assertEqual(len({one["value"] for one in writes}), len(writes), "values are unique")

        # The last read of a key now gives what its first write wrote, which others have overwritten long before.
        read = max(reads, key=lambda one: one["start_ns"])
        of_key = sorted((one for one in writes if one["key"] == read["key"]), key=lambda one: one["end_ns"])
        self.assertTrue(any(of_key[0]["end_ns"] < one["start_ns"] and one["end_ns"] < read["start_ns"] for one in of_key))
        read["result"] = of_key[0]["value"]
        damaged = self.folder / "damaged.jsonl"
        damaged.write_text("".join(json.dumps(one) + "\n" for one in operations))
        verdict = check(damaged)
        self.assertEqual(verdict.returncode, 1, verdict.stdout + verdict.stderr)
        self.assertIn(of_key[0]["value"], verdict.stdout)

    def test_a_file_that_cannot_be_written_is_told_before_the_work(self):
        said = self.bench("failover", "--rounds", "1", "--record", str(self.folder / "nowhere" / "history.jsonl"))
        self.assertNotEqual(said.returncode, 0)
        self.assertIn("No such file or directory", said.stderr)
        self.assertFalse((self.folder / "results.jsonl").exists())


class Outcomes(unittest.TestCase):
    def test_only_what_says_so_was_not_executed(self):
        program = ("import history; r = history.Recording('/dev/null');"
                   "r.add(1, 'set', 'k', 'v', 1, 2, None, Exception('CLUSTERDOWN not executed: no majority'));"
                   "r.add(1, 'set', 'k', 'v', 1, 2, None, Exception('Timeout reading from socket'));"
                   "r.add(1, 'set', 'k', 'v', 1, 2, True, None);"
                   "r.add(1, 'get', 'k', None, 1, 2, None, None);"
                   "print([(one['outcome'], one.get('result', '-')) for one in r.lines()])")
        said = subprocess.run(["/usr/bin/python3", "-c", program], capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": str(SOURCE / "bench")})
        self.assertEqual(said.stdout.strip(), "[('fail', '-'), ('unknown', '-'), ('ok', 'OK'), ('ok', None)]", said.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
