#!/usr/bin/env python3
"""Goal: tools/checks/layers.py notices each kind of violation, and stays silent without one.

Method: plant one violation at a time in a small tree with its own layers.txt and compile_commands.json.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tools/checks/layers.py")

LAYERS = """
[layers]
base   | engine/base/  |
face   | engine/one.h  | base
store  | engine/store/ | base face
engine | engine/*.h    | base face
server | server/       | engine base
tests  | tests/        | everything
[libraries]
rocksdb/ | store tests
sys/     | any
[not built]
tests/compile_fail/ | They must not compile.
"""

CLEAN = {
    "engine/base/text.h": "#include <string>\n",
    "engine/base/text.cc": '#include "engine/base/text.h"\n#include <sys/stat.h>\n',
    "engine/one.h": '#include "engine/base/text.h"\n',
    "engine/two.h": '#include "engine/one.h"\n',
    "engine/store/store.h": '#include "engine/one.h"\n',
    "engine/store/store.cc": '#include "engine/store/store.h"\n#include <rocksdb/db.h>\n',
    "server/main.cc": '#include "engine/two.h"\n// #include "engine/store/store.h"\n',
    "tests/store_test.cc": '#include "engine/store/store.h"\n#include <rocksdb/db.h>\n',
    "tests/compile_fail/bad.cc": '#include "engine/base/text.h"\n',
}
BUILT = [file for file in CLEAN if file.endswith(".cc") and "compile_fail" not in file]


def run_check(files, layers=LAYERS, built=tuple(BUILT)):
    """Exit code and output of the check over a tree with these files."""
    with tempfile.TemporaryDirectory() as root:
        commands = [{"directory": root, "file": file, "command": "c++"} for file in built]
        contents = {**files, "tools/tidy/layers.txt": layers, "out/compile_commands.json": json.dumps(commands)}
        for path, text in contents.items():
            path = os.path.join(root, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run(
            [sys.executable, CHECK, "--root", root, "--build", os.path.join(root, "out")],
            capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class LayersTest(unittest.TestCase):
    def assert_finds(self, finding, **changes):
        code, output = run_check(**{"files": CLEAN, **changes})
        self.assertNotEqual(code, 0, output)
        self.assertIn(finding, output)

    def test_clean_tree_passes(self):
        code, output = run_check(CLEAN)
        self.assertEqual(code, 0, output)
        self.assertIn("9 files, 0 findings", output)

    def test_an_edge_that_is_not_listed_is_found_with_its_line(self):
        planted = {**CLEAN, "server/main.cc": '#include <map>\n#include "engine/store/store.h"\n#include "engine/two.h"\n'}
        self.assert_finds('server/main.cc:2: layer server may not include "engine/store/store.h"', files=planted)

    def test_the_first_row_that_matches_a_file_is_its_layer(self):
        # engine/one.h is `face`, which may not include `engine`, although engine/*.h matches it too.
        planted = {**CLEAN, "engine/one.h": '#include "engine/two.h"\n#include "engine/base/text.h"\n'}
        self.assert_finds('layer face may not include "engine/two.h" of layer engine', files=planted)

    def test_a_library_outside_its_layers_is_found(self):
        planted = {**CLEAN, "server/main.cc": '#include "engine/two.h"\n#  include <rocksdb/db.h>\n'}
        self.assert_finds("layer server may not include <rocksdb/db.h>", files=planted)

    def test_a_library_that_is_not_listed_is_found(self):
        planted = {**CLEAN, "engine/base/text.cc": '#include "engine/base/text.h"\n#include <boost/any.hpp>\n'}
        self.assert_finds("<boost/any.hpp> is not in the [libraries]", files=planted)

    def test_a_source_that_no_target_builds_is_found(self):
        self.assert_finds("tests/store_test.cc: no target builds it",
                          built=[file for file in BUILT if file != "tests/store_test.cc"])

    def test_a_header_that_nothing_includes_is_found(self):
        self.assert_finds("engine/lost.h: no file includes this header", files={**CLEAN, "engine/lost.h": "\n"})

    def test_a_path_relative_to_the_file_is_found(self):
        planted = {**CLEAN, "engine/base/text.cc": '#include "text.h"\n#include "engine/base/text.h"\n'}
        self.assert_finds('"text.h" is no file of this tree', files=planted)

    def test_a_file_of_no_layer_is_found(self):
        self.assert_finds("bench/new.cc: belongs to no layer", files={**CLEAN, "bench/new.cc": ""},
                          built=BUILT + ["bench/new.cc"])

    def test_a_table_that_names_an_unknown_layer_is_refused(self):
        self.assert_finds("no layer is called sever", layers=LAYERS.replace("store tests", "store sever"))

    def test_an_empty_tree_does_not_pass(self):
        self.assert_finds("no sources found", files={})


if __name__ == "__main__":
    unittest.main()
