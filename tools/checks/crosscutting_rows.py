#!/usr/bin/env python3
"""Which rows of the cross-cutting contract have a test, by the names of tests.

A test's name begins with the ids of the rows it covers, such as C5_C9_KeysHoldEveryParameter or
L1AHundredAMinute. The rows that must be covered are listed in a file, one id per line.

Usage: crosscutting_rows.py --rows tests/contract/rows/crosscutting.txt --tests tests/contract [--report]
Prints rows covered / rows listed, and every row without a test. Exit status 1 below 100 %, unless
--report; 2 for a rows file that cannot be read.
"""

import argparse
import pathlib
import re
import sys

ID = r"[A-Z][0-9]+a?"
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*\w+,\s*(\w+)\s*\)", re.MULTILINE)
LEADING = re.compile(rf"^(?:{ID}_?)+(?=[A-Z_]|$)")


def read_rows(path):
    """The ids of a rows file, in order."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        if not re.fullmatch(ID, text):
            raise ValueError(f"{path}:{number}: not a row id: {text}")
        if text in rows:
            raise ValueError(f"{path}:{number}: listed twice: {text}")
        rows.append(text)
    return rows


def rows_of(name):
    """The ids that a test's name begins with."""
    match = LEADING.match(name)
    return re.findall(ID, match.group(0)) if match else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", required=True, type=pathlib.Path)
    parser.add_argument("--tests", required=True, type=pathlib.Path)
    parser.add_argument("--report", action="store_true", help="exit 0 even below 100 %%")
    options = parser.parse_args()
    try:
        rows = read_rows(options.rows)
    except (OSError, ValueError) as error:
        print(f"crosscutting_rows: {error}", file=sys.stderr)
        return 2
    covered = set()
    for path in sorted(options.tests.glob("crosscutting_*.cc")):
        for name in TEST.findall(path.read_text(encoding="utf-8")):
            covered.update(rows_of(name))
    missing = [row for row in rows if row not in covered]
    if missing:
        print("no test: " + " ".join(missing))
    print(f"crosscutting: {len(rows) - len(missing)} of {len(rows)} rows have a test")
    return 1 if missing and not options.report else 0


if __name__ == "__main__":
    sys.exit(main())
