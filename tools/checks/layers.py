#!/usr/bin/env python3
"""Checks every #include of our sources against tools/tidy/layers.txt.

Fails on an edge between layers that the table does not list, on a library header outside its layers, on a file that
belongs to no layer, on an include that names no file, on a header that nothing includes, and, with --build, on a
source that no target of that build folder compiles. Prints one line per finding.
"""

import argparse
import fnmatch
import json
import os
import re
import sys

ROOTS = ("engine", "server", "replication", "tools", "tests", "bench")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
GENERATED = ".capnp.h"


class Table:
    """layers.txt: layers in order, libraries by prefix, and files that are not built on purpose."""

    def __init__(self, path):
        self.layers = []  # (name, patterns); the first match wins
        self.allowed = {}  # name -> set of names, or None for everything
        self.libraries = []  # (header or folder/, set of names or None)
        self.not_built = []
        section = None
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            if line.startswith("["):
                section = line.strip("[]")
                continue
            cells = [cell.strip() for cell in line.split("|")]
            if section == "layers" and len(cells) == 3:
                self.layers.append((cells[0], cells[1].split()))
                self.allowed[cells[0]] = self._names(cells[2], "everything")
            elif section == "libraries" and len(cells) == 2:
                self.libraries.append((cells[0], self._names(cells[1], "any")))
            elif section == "not built" and len(cells) == 2 and cells[1]:
                self.not_built.append(cells[0])
            else:
                raise SystemExit(f"{path}:{number}: not a row of section {section!r}")
        self._refuse_unknown_names(path)

    @staticmethod
    def _names(text, wildcard):
        names = set(text.split())
        return None if wildcard in names else names

    def _refuse_unknown_names(self, path):
        sets = list(self.allowed.values()) + [names for _, names in self.libraries]
        unknown = set().union(*(names for names in sets if names)) - set(self.allowed)
        if unknown:
            raise SystemExit(f"{path}: no layer is called {', '.join(sorted(unknown))}")

    def layer_of(self, file):
        for name, patterns in self.layers:
            if any(matches(file, pattern) for pattern in patterns):
                return name
        return None

    def library_of(self, header):
        for prefix, names in self.libraries:
            if header == prefix or (prefix.endswith("/") and header.startswith(prefix)):
                return prefix, names
        return None


def matches(file, pattern):
    if pattern.endswith("/"):
        return file.startswith(pattern)
    return os.path.dirname(file) == os.path.dirname(pattern) and fnmatch.fnmatchcase(file, pattern)


def our_files(root):
    for top in ROOTS:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = sorted(name for name in folders if name != "node_modules")
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def check_include(table, root, file, layer, quote, header):
    """The finding about one include, or None."""
    if quote == '"':
        schema = header[: -len(".h")] if header.endswith(GENERATED) else header
        if not os.path.exists(os.path.join(root, schema)):
            return f'"{header}" is no file of this tree; the path starts at its root, libraries use <>'
        target = table.layer_of(schema)
        allowed = table.allowed[layer]
        if target is None:
            return f'"{header}" belongs to no layer'
        if target != layer and allowed is not None and target not in allowed:
            return f'layer {layer} may not include "{header}" of layer {target}'
        return None
    if "/" not in header and "." not in header:
        return None  # The standard library.
    row = table.library_of(header)
    if row is None:
        return f"<{header}> is not in the [libraries] of layers.txt"
    prefix, names = row
    if names is not None and layer not in names:
        return f"layer {layer} may not include <{header}>; {prefix} is for {', '.join(sorted(names))}"
    return None


def check_includes(table, root, files):
    findings, included = [], set()
    for file in files:
        layer = table.layer_of(file)
        if layer is None:
            findings.append(f"{file}: belongs to no layer")
            continue
        text = open(os.path.join(root, file), encoding="utf-8").read()
        # A comment is blanked, not removed, so that line numbers stay right.
        text = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
        for match in INCLUDE.finditer(text):
            quote, header = match.groups()
            included.add(header)
            finding = check_include(table, root, file, layer, quote, header)
            if finding:
                line = text.count("\n", 0, match.start()) + 1
                findings.append(f"{file}:{line}: {finding}")
    for file in files:
        if file.endswith(".h") and file not in included:
            findings.append(f"{file}: no file includes this header")
    return findings


def check_built(table, root, files, build):
    commands = json.load(open(os.path.join(build, "compile_commands.json"), encoding="utf-8"))
    real_root = os.path.realpath(root)
    built = set()
    for command in commands:
        path = os.path.realpath(os.path.join(command["directory"], command["file"]))
        built.add(os.path.relpath(path, real_root))
    return [
        f"{file}: no target builds it"
        for file in files
        if file.endswith(".cc") and file not in built
        and not any(matches(file, pattern) for pattern in table.not_built)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=".", help="top of the tree")
    parser.add_argument("--build", help="build folder with compile_commands.json; without it that check is left out")
    arguments = parser.parse_args()

    table = Table(os.path.join(arguments.root, "tools/tidy/layers.txt"))
    files = list(our_files(arguments.root))
    findings = check_includes(table, arguments.root, files)
    if arguments.build:
        findings += check_built(table, arguments.root, files, arguments.build)
    for finding in findings:
        print(finding)
    if not files:
        print("no sources found")
        return 1
    print(f"layers: {len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
