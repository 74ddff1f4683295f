#!/usr/bin/env python3
"""Tests of tools/check_layers.py on small trees made for the purpose."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "check_layers.py"


class CheckLayers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)
        self.write("src/base/error.h", "#pragma once\n")
        self.write("src/io/safetensors.h", '#include "base/error.h"\n#include <vector>\n')

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(self) -> tuple[int, str]:
        result = subprocess.run([sys.executable, TOOL, self.root], capture_output=True, text=True)
        return result.returncode, result.stderr

    def assert_refused(self, *words: str) -> None:
        code, message = self.check()
        self.assertEqual(code, 1, message)
        for word in words:
            self.assertIn(word, message)

    def test_includes_along_the_arrows_pass(self):
        self.write("src/convert/quantize.cc", '#include "base/error.h"\n#include "io/safetensors.h"\n')
        self.assertEqual(self.check(), (0, ""))

    def test_this_tree_passes(self):
        result = subprocess.run([sys.executable, TOOL, ROOT], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_an_include_against_the_arrows_names_file_and_line(self):
        self.write("src/base/file.cc", '\n#include "io/safetensors.h"\n')
        self.assert_refused("src/base/file.cc:2", "base may not use io")

    def test_the_study_uses_some_boxes_and_nothing_uses_the_study(self):
        self.write("study/net/net.cc", '#include "base/error.h"\n#include "study/net/net.h"\n#include <torch/torch.h>\n')
        self.assertEqual(self.check(), (0, ""))
        self.write("study/net/net.cc", '#include "convert/quantize.h"\n')
        self.assert_refused("study/net/net.cc:1", "study may not use")
        self.write("study/net/net.cc", "")
        self.write("src/io/index.cc", '#include "study/net/net.h"\n')
        self.assert_refused("src/io/index.cc:1")

    def test_siblings_do_not_meet(self):
        self.write("src/codec/codec.cc", '#include "io/safetensors.h"\n')
        self.assert_refused("codec may not use io")

    def test_angle_brackets_do_not_hide_an_include(self):
        self.write("src/base/file.cc", "#include <io/safetensors.h>\n")
        self.assert_refused("in quotes")

    def test_relative_includes_are_refused(self):
        self.write("src/io/index.cc", '#include "safetensors.h"\n')
        self.assert_refused("by its path from src/")

    def test_the_public_umbrella_is_not_a_way_round(self):
        self.write("src/base/file.cc", '#include "hlwq/hlwq.h"\n')
        self.assert_refused("hlwq/hlwq.h")

    def test_the_box_behind_the_public_headers_may_use_them(self):
        self.write("src/api/convert.cc", '#include "hlwq/convert.h"\n')
        self.assertEqual(self.check(), (0, ""))

    def test_public_headers_use_each_other_and_the_standard_library_alone(self):
        self.write("include/hlwq/model.h", '#include <vector>\n#include "hlwq/tokenizer.h"\n')
        self.assertEqual(self.check(), (0, ""))
        for include in ('"base/error.h"', "<nlohmann/json.hpp>", "<json.hpp>"):
            self.write("include/hlwq/model.h", f"\n#include {include}\n")
            self.assert_refused("include/hlwq/model.h:2", include[1:-1])

    def test_the_version_header_is_free_to_all(self):
        self.write("src/io/writer.cc", '#include "hlwq/version.h"\n')
        self.assertEqual(self.check(), (0, ""))

    def test_an_unknown_folder_is_refused(self):
        self.write("src/util/strings.h", "#pragma once\n")
        self.assert_refused("src/util", "not a box")

    def test_a_link_against_the_arrows_is_refused(self):
        self.write("src/io/CMakeLists.txt", "hlwq_add_box(io SOURCES a.cc DEPS base convert)\n")
        self.assert_refused("io may not link convert")

    def test_the_picture_of_the_layers_is_the_present_one(self):
        tool = ROOT / "tools" / "docs" / "draw_architecture.py"
        result = subprocess.run([sys.executable, tool], capture_output=True, text=True, check=True)
        self.assertEqual(result.stdout, (ROOT / "docs" / "architecture.svg").read_text("utf-8"))


if __name__ == "__main__":
    unittest.main()
