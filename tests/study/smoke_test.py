#!/usr/bin/env python3
"""The preset "smoke" from a text to the report, with a tokenizer learnt from the text and an exported net as the judge.

usage: smoke_test.py PROGRAM
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM = sys.argv[1]


def text():
    source = random.Random(7)
    names, verbs, things = ["Tom", "Lily", "Ben", "Mia"], ["saw", "found", "liked", "lost"], ["cat", "ball", "red hat", "tree"]
    story = "Once upon a time, {0} {1} a {2}. {0} was happy and {3} the {2}."
    return "<|endoftext|>".join(
        story.format(source.choice(names), source.choice(verbs), source.choice(things), source.choice(verbs))
        for _ in range(900))


class Smoke(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.holder.name)
        (cls.root / "text.txt").write_text(text())
        cls.study("prepare", cls.root / "corpus", "--text", cls.root / "text.txt", "--vocabulary", 300, "--quiet")
        cls.study("train", cls.root / "run", "--preset", "smoke", "--corpus", cls.root / "corpus", "--quiet")

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @classmethod
    def study(cls, *words, expect=0):
        done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=300)
        if done.returncode != expect:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def samples(self):
        return {path.relative_to(self.root / "run/samples"): path.read_bytes()
                for path in sorted((self.root / "run/samples").rglob("*.jsonl"))}

    def test_1_nothing_is_measured_before_there_are_samples(self):
        refused = self.study("diversity", self.root / "run", expect=2)
        self.assertIn("has no samples yet", refused.stderr)
        self.assertEqual(refused.stderr.count("\n"), 1)
        self.study("report", self.root / "run")  # of what is there

    def test_2_samples_are_kept_and_made_again_the_same(self):
        self.study("sample", self.root / "run", "--quiet")
        made = self.samples()
        names = {str(name) for name in made}
        for name in ["data", "ar-1/t1", "ar-1/prompt1", "mdlm-1/steps8", "mdlm-1/confidence8", "mdlm-1/blocks8"]:
            self.assertIn(name + ".jsonl", names)
        lost = self.root / "run/samples/mdlm-1/steps8.jsonl"
        before = lost.read_text().splitlines()
        lost.unlink()
        again = self.study("sample", self.root / "run", "--quiet")
        self.assertIn("mdlm-1 confidence8: done before", again.stdout)
        self.assertEqual(lost.read_text().splitlines()[1:], before[1:])
        for line in (self.root / "run/samples/ar-1/prompt1.jsonl").read_text().splitlines()[1:]:
            sample = json.loads(line)
            self.assertTrue(sample["text"].startswith("Once"))
            self.assertEqual(sample["prompt_bytes"], 4)
            self.assertNotIn(0, sample["tokens"])  # where another document begins

    def test_3_measures_and_report(self):
        self.study("eval", self.root / "run")
        self.study("export", self.root / "run/ar-1/best.safetensors", "--to", self.root / "judge", "--corpus",
                   self.root / "corpus")
        self.study("diversity", self.root / "run", "--judge", self.root / "judge", "--quiet")
        measured = json.loads((self.root / "run/diversity.json").read_text())
        self.assertEqual(measured["judge"], "judge")
        data = measured["sets"][0]
        self.assertEqual(data["sampler"]["method"], "data")
        self.assertEqual(data["diversity"]["first_word"], "Once")
        for made in measured["sets"]:
            self.assertGreater(made["fluency"]["nll"], 0)
            self.assertEqual(made["diversity"]["samples"], 40)
            self.assertGreaterEqual(made["copies"]["most_tokens"], 1)
        refused = self.study("diversity", self.root / "run", "--judge", self.root / "none", "--quiet", expect=2)
        self.assertEqual(refused.stderr.count("\n"), 1, refused.stderr)
        self.assertIn("none", refused.stderr)
        self.study("report", self.root / "run")
        page = (self.root / "run/report.html").read_text()
        for part in ["Samples side by side", "Throughput", "Validation loss turns", "test NELBO"]:
            self.assertIn(part, page)
        drawings = sorted((self.root / "run/report").glob("*.svg"))
        self.assertEqual(len(drawings), 7)
        for drawing in drawings:
            self.assertTrue(xml.etree.ElementTree.parse(drawing).getroot().tag.endswith("svg"))
            self.assertIn(f"]({drawing.name})", (self.root / "run/report/report.md").read_text())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
