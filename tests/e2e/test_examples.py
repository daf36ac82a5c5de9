"""The programs in examples/ do what they say, against a real cluster."""

import os
import pathlib
import subprocess
import unittest

from harness import ClusterTest

EXAMPLES = pathlib.Path(os.environ.get("COTERIE_SOURCE", pathlib.Path(__file__).parents[2])) / "examples"


class Examples(ClusterTest):
    def test_all(self):
        cluster = self.cluster()
        addresses = [f"127.0.0.1:{node.resp_port}" for node in cluster.nodes]
        programs = sorted(EXAMPLES.glob("*.py"))
        self.assertGreaterEqual(len(programs), 4)
        for program in programs:
            with self.subTest(program.name):
                ran = subprocess.run(["/usr/bin/python3", str(program), *addresses], capture_output=True, text=True,
                                     timeout=60)
                self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_a_single_node_is_enough(self):
        cluster = self.cluster(1)
        for program in sorted(EXAMPLES.glob("*.py")):
            with self.subTest(program.name):
                ran = subprocess.run(["/usr/bin/python3", str(program), f"127.0.0.1:{cluster[1].resp_port}"],
                                     capture_output=True, text=True, timeout=60)
                self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
