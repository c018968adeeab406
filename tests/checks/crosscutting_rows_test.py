#!/usr/bin/env python3
"""Goal: tools/checks/crosscutting_rows.py counts the ids that tests' names begin with, and fails for what is missing."""

import os
import subprocess
import sys
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tools/checks/crosscutting_rows.py")


class CrosscuttingRowsTest(unittest.TestCase):
    def run_check(self, rows, tests, *more):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "rows.txt"), "w", encoding="utf-8") as out:
                out.write(rows)
            with open(os.path.join(folder, "crosscutting_x_test.cc"), "w", encoding="utf-8") as out:
                out.write(tests)
            done = subprocess.run(
                [sys.executable, CHECK, "--rows", os.path.join(folder, "rows.txt"), "--tests", folder, *more],
                capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def test_both_ways_to_begin_a_name(self):
        tests = "TEST_F(A, L2L5ExactlyAThousand) {\nTEST(B, C6a_C9_Keys) {\nTEST_F(A,\n       O1_Wrapped) {\n"
        self.assertEqual(self.run_check("L2\nL5\nC6a\nC9\nO1\n", tests),
                         (0, "crosscutting: 5 of 5 rows have a test\n"))

    def test_a_row_without_a_test_fails(self):
        self.assertEqual(self.run_check("L1 # one\nL10\n", "TEST(A, L10Hits) {}\n"),
                         (1, "no test: L1\ncrosscutting: 1 of 2 rows have a test\n"))
        self.assertEqual(self.run_check("L1\n", "TEST(A, SeesL1) {}\n", "--report")[0], 0)

    def test_ids_inside_a_name_do_not_count(self):
        self.assertEqual(self.run_check("M1\n", "TEST(A, CountsM1_Too) {}\n// TEST(A, M1_Not)\n")[0], 1)

    def test_a_rows_file_that_makes_no_sense(self):
        self.assertEqual(self.run_check("L1\nL1\n", "")[0], 2)
        self.assertEqual(self.run_check("nonsense\n", "")[0], 2)


if __name__ == "__main__":
    unittest.main()
