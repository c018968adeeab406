#!/usr/bin/env python3
"""Which rows of a contract have a test.

A contract's rows are listed in a file: `TIER METHOD PATH` or `SEVERITY FLAW`, one per line. A test
names what it covers in the comment above it:

    // Rows: POST /auth/login, POST /auth/refresh
    // Flaws: F1, F46
    TEST_F(GymAuthTest, RefreshRotatesAndNeedsExactlyThatToken) {

Several such lines add up; a comment line that follows a `Rows:` or `Flaws:` line and ends one with a
comma continues it. A test in JavaScript or shell may carry the same comment lines.

Usage: contract_rows.py --rows tests/contract/rows/gym.txt --tests tests/contract [--tests DIR ...]
Prints rows covered / rows in the contract and every row without a test. Exit status 1 below 100 %,
for a tag that no row matches, and for a row whose path the tagged file never asks for; 2 for a rows
file that cannot be read. `--open ROW` lets one row go without a test, and fails once it has one.
"""

import argparse
import pathlib
import re
import sys

TIERS = ("CORE", "NEAR", "LATER")
SEVERITIES = ("S1", "S2", "S3")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SUFFIXES = {".cc", ".js", ".sh", ".py", ".h"}
TAG = re.compile(r"^\s*(?://|#)\s*(Rows|Flaws):\s*(.*)$")
COMMENT = re.compile(r"^\s*(?://|#)")
CONTINUED = re.compile(r"^\s*(?://|#)\s*(.*)$")


def read_rows(path):
    """The rows of a contract, in order: a route as 'METHOD /path', a flaw as 'F1'."""
    rows = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        where = f"{path}:{number}"
        if words[0] in TIERS and len(words) == 3 and words[1] in METHODS and words[2][0] == "/":
            row = f"{words[1]} {words[2]}"
        elif words[0] in SEVERITIES and len(words) == 2 and re.fullmatch(r"F\d+", words[1]):
            row = words[1]
        else:
            raise ValueError(f"{where}: not a row: {line.strip()}")
        if row in rows:
            raise ValueError(f"{where}: listed twice: {row}")
        rows[row] = words[0]
    return rows


def read_tags(path):
    """The (line number, tag) pairs of one test file."""
    found = []
    open_tag = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = TAG.match(line)
        more = CONTINUED.match(line) if open_tag else None
        if not match and not more:
            open_tag = False
            continue
        text = (match.group(2) if match else more.group(1)).strip()
        open_tag = text.endswith(",")
        for tag in text.rstrip(".,").split(","):
            if tag.strip():
                found.append((number, " ".join(tag.split())))
    return found


def code_of(text):
    """The file without lines that are comments."""
    return "\n".join(line for line in text.splitlines() if not COMMENT.match(line))


def asks_for(code, row):
    """Whether a test holds the beginning of the row's path, up to its first parameter."""
    path = row.split(" ", 1)[1]
    return path.split(":", 1)[0] in code


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", required=True, type=pathlib.Path)
    parser.add_argument("--tests", required=True, action="append", type=pathlib.Path)
    parser.add_argument("--others", action="append", default=[], type=pathlib.Path,
                        help="rows of other contracts, whose tags may stand in the same files")
    parser.add_argument("--open", action="append", default=[],
                        help="a row that is known to have no test yet; it is an error once it has one")
    options = parser.parse_args()
    try:
        rows = read_rows(options.rows)
        known = set(rows)
        for other in options.others:
            known |= set(read_rows(other))
    except (OSError, ValueError) as error:
        print(f"contract_rows: {error}", file=sys.stderr)
        return 2

    covered, problems = set(), []
    for folder in options.tests:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES):
            code = code_of(path.read_text(encoding="utf-8"))
            for number, tag in read_tags(path):
                if tag not in known:
                    problems.append(f"{path}:{number}: no row of the contract: {tag}")
                elif tag in rows and tag.startswith(METHODS) and not asks_for(code, tag):
                    problems.append(f"{path}:{number}: the file never asks for: {tag}")
                elif tag in rows:
                    covered.add(tag)
    problems += [f"no longer open: {row}" for row in options.open if row in covered or row not in rows]
    missing = [f"{tier} {row}" for row, tier in rows.items()
               if row not in covered and row not in options.open]
    for problem in problems:
        print(problem)
    for row in missing:
        print(f"no test: {row}")
    print(f"{options.rows.stem}: {len(covered)} of {len(rows)} rows have a test")
    return 1 if missing or problems else 0


if __name__ == "__main__":
    sys.exit(main())
