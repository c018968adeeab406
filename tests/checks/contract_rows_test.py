#!/usr/bin/env python3
"""Goal: tools/checks/contract_rows.py counts what tests name, and notices what is missing or made up.

Method: a small contract and one test file in a fresh folder, changed one thing at a time.
"""

import os
import subprocess
import sys
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tools/checks/contract_rows.py")
ROWS = "# A contract.\nCORE POST /auth/login\nNEAR GET /members/:id\nS1 F1\n"
TEST = """// Rows: POST /auth/login,
// GET /members/:id
// Flaws: F1.
TEST_F(T, A) { Post("/auth/login"); Get("/members/" + id); }
"""


class ContractRowsTest(unittest.TestCase):
    def run_check(self, test, rows=ROWS, more=()):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("rows.txt", rows), ("a_test.cc", test)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            done = subprocess.run([CHECK, "--rows", os.path.join(folder, "rows.txt"), "--tests", folder, *more],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def test_everything_covered(self):
        status, said = self.run_check(TEST)
        self.assertEqual((status, said), (0, "rows: 3 of 3 rows have a test\n"))

    def test_a_row_without_a_test(self):
        status, said = self.run_check(TEST.replace("// Flaws: F1.\n", ""))
        self.assertEqual(status, 1)
        self.assertIn("no test: S1 F1", said)
        self.assertIn("2 of 3", said)

    def test_an_open_row(self):
        without = TEST.replace("// Flaws: F1.\n", "")
        self.assertEqual(self.run_check(without, more=("--open", "F1"))[0], 0)
        status, said = self.run_check(TEST, more=("--open", "F1"))
        self.assertEqual(status, 1)
        self.assertIn("no longer open: F1", said)

    def test_a_tag_without_a_row(self):
        status, said = self.run_check(TEST.replace("F1", "F1, F99"))
        self.assertEqual(status, 1)
        self.assertIn("no row of the contract: F99", said)

    def test_a_file_that_never_asks(self):
        status, said = self.run_check(TEST.replace('Post("/auth/login");', ""))
        self.assertEqual(status, 1)
        self.assertIn("never asks for: POST /auth/login", said)

    def test_a_broken_contract(self):
        for bad in ("CORE FETCH /x\n", "S1 G1\n", "S1 F1\nS1 F1\n"):
            status, _ = self.run_check(TEST, bad)
            self.assertEqual(status, 2, bad)


if __name__ == "__main__":
    sys.exit(unittest.main())
