#!/usr/bin/env python3
"""Tests of the program hlwq-study: the whole chain on a small text, kill and resume, and what it refuses.

usage: program_test.py PROGRAM
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv[1]
STEPS = 80
CONFIG = {
    "name": "tiny", "seeds": [1],
    "model": {"layers": 2, "heads": 2, "width": 32, "hidden": 48, "window": 16},
    "training": {"steps": STEPS, "batch": 4, "learning_rate": 0.01, "warmup_steps": 5, "ema": 0.9, "log_every": 2,
                 "evaluate_every": 20, "save_every": 5},
    "evaluation": {"windows": 4, "noise_samples": 4, "final_windows": 8, "final_noise_samples": 64},
    "arms": [{"name": "ar", "objective": "ar", "dropout": 0.1}, {"name": "mdlm", "objective": "mdlm"}],
}


def study(*words, program=PROGRAM):
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=300)


def text(seed=1):
    source = random.Random(seed)
    words = ["cat", "dog", "sun", "tree", "ran", "sat", "the", "a", "big", "red"]
    return "\n\n".join(" ".join(source.choice(words) for _ in range(12)) for _ in range(200))


def tokenizer():
    vocabulary = {"<s>": 0, " ": 1, **{chr(97 + letter): letter + 2 for letter in range(26)}}
    special = {"id": 0, "content": "<s>", "special": True, "single_word": False, "lstrip": False, "rstrip": False,
               "normalized": False}
    return {"version": "1.0", "added_tokens": [special], "normalizer": None, "pre_tokenizer": None,
            "post_processor": None, "decoder": None,
            "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "text.txt").write_text(text())
        (self.root / "tokenizer.json").write_text(json.dumps(tokenizer()))
        self.write_config(CONFIG)
        self.prepare()

    def write_config(self, config):
        (self.root / "config.json").write_text(json.dumps(config))

    def prepare(self):
        made = study("prepare", self.root / "corpus", "--text", self.root / "text.txt", "--tokenizer",
                     self.root / "tokenizer.json", "--validation", 0.1, "--test", 0.1, "--quiet")
        self.assertEqual(made.returncode, 0, made.stderr)

    def train_words(self, run, *more):
        return ["train", self.root / run, "--config", self.root / "config.json", "--corpus", self.root / "corpus",
                "--threads", 1, "--quiet", *more]

    def train(self, run, *more):
        done = study(*self.train_words(run, *more))
        self.assertEqual(done.returncode, 0, done.stderr)

    def log(self, run, net):
        lines = [json.loads(line) for line in (self.root / run / net / "log.jsonl").read_text().splitlines()]
        return [{key: value for key, value in line.items() if key != "tokens_per_second"} for line in lines]

    def assert_refused(self, result, *parts):
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)

    def test_killed_at_any_moment_it_goes_on_to_the_same_losses(self):
        self.write_config({**CONFIG, "seeds": [1]})
        self.train("whole")
        kills = 0
        for number in range(40):
            process = subprocess.Popen([PROGRAM, *map(str, self.train_words("parts"))], stdout=subprocess.DEVNULL)
            time.sleep(0.1 + 0.15 * (number % 7))
            if process.poll() is not None:
                break
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
        self.assertGreater(kills, 0)
        self.train("parts")
        for net in ("ar-1", "mdlm-1"):
            self.assertEqual(self.log("parts", net), self.log("whole", net))
            self.assertEqual(self.log("whole", net)[-1]["step"], STEPS)

    def test_the_chain_from_text_to_a_corpus_of_ones_own_model(self):
        self.train("run")
        self.assertEqual(study("eval", self.root / "run", "--threads", 1).returncode, 0)
        found = json.loads((self.root / "run" / "ar-1" / "eval.json").read_text())
        self.assertLess(found["best"]["validation"]["nll"], 3.0)
        self.assertTrue(found["last"]["test"]["exact"])
        self.assertNotIn("kl", found["last"]["test"])

        # The trained model becomes the source of another corpus: then divergences are known.
        exported = study("export", self.root / "run" / "ar-1" / "best.safetensors", "--to", self.root / "llama",
                         "--corpus", self.root / "corpus")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        sampled = study("prepare", self.root / "sampled", "--from-model", self.root / "llama", "--tokens", 6400,
                        "--window", 16, "--validation", 0.1, "--test", 0.1, "--threads", 1, "--quiet")
        self.assertEqual(sampled.returncode, 0, sampled.stderr)
        self.write_config({**CONFIG, "seeds": [1], "training": {**CONFIG["training"], "steps": 40}})
        done = study("train", self.root / "second", "--config", self.root / "config.json", "--corpus",
                     self.root / "sampled", "--threads", 1, "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(study("eval", self.root / "second", "--threads", 1).returncode, 0)
        for net, is_exact in (("ar-1", True), ("mdlm-1", False)):
            found = json.loads((self.root / "second" / net / "eval.json").read_text())["best"]["test"]
            self.assertEqual(found["exact"], is_exact)
            self.assertGreater(found["kl"], -4 * found["kl_se"])
            self.assertAlmostEqual(found["nll"] - found["source_nll"], found["kl"], places=9)

    def test_one_command_does_all_of_it_and_goes_on(self):
        few = {"samples": 8, "batch": 8, "temperatures": [1.0], "steps": [4]}
        self.write_config({**CONFIG, "sampling": few, "corpus": {"validation": 0.1, "test": 0.1}})
        words = ["run", self.root / "all", "--config", self.root / "config.json", "--text", self.root / "text.txt",
                 "--tokenizer", self.root / "tokenizer.json", "--threads", 1, "--quiet"]
        process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.DEVNULL)
        time.sleep(1)
        process.kill()
        process.wait()
        done = study(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = (self.root / "all" / "report.html").read_bytes()
        log = self.log("all", "ar-1")
        for again in (words, ["run", self.root / "all"]):
            self.assertEqual(study(*again).returncode, 0)
            self.assertEqual((self.root / "all" / "report.html").read_bytes(), report)
            self.assertEqual(self.log("all", "ar-1"), log)
        self.assert_refused(study(*words, "--test", 0.2), "its corpus was made with", "--test=0.2")
        self.assert_refused(study("run", self.root / "new", "--preset", "smoke"), "want one of --corpus, --from-model and --text")
        self.assert_refused(study("run", self.root / "new", "--text", "x"), "want --preset or --config")

    def test_a_signal_ends_what_comes_after_training_too(self):
        many = {"samples": 1 << 20, "batch": 8, "temperatures": [1.0], "steps": [4]}
        self.write_config({**CONFIG, "sampling": many, "training": {**CONFIG["training"], "steps": 5}})
        process = subprocess.Popen([PROGRAM, "run", self.root / "long", "--config", self.root / "config.json", "--corpus",
                                    self.root / "corpus", "--threads", "1", "--quiet"], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not (self.root / "long" / "samples" / "ar-1").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), -signal.SIGINT)

    def test_the_model_samples_itself_at_no_divergence(self):
        self.train("run")
        study("export", self.root / "run" / "ar-1" / "last.safetensors", "--to", self.root / "llama", "--corpus",
              self.root / "corpus")
        study("prepare", self.root / "sampled", "--from-model", self.root / "llama", "--tokens", 16000, "--window", 16,
              "--validation", 0.2, "--test", 0.2, "--quiet", "--threads", 1)
        # Under the weights that sampled it, a corpus has exactly the probability that was kept beside it.
        other = self.root / "other"
        other.mkdir()
        (other / "config.json").write_text((self.root / "run" / "config.json").read_text())
        header = (self.root / "sampled" / "corpus.safetensors").read_bytes()
        length = int.from_bytes(header[:8], "little")
        found = json.loads(header[8:8 + length])["__metadata__"]
        (other / "corpus.json").write_text(json.dumps({"path": str(self.root / "sampled"), "hash": found["hash"]}))
        (other / "ar-1").symlink_to(self.root / "run" / "ar-1")
        self.assertEqual(study("eval", other, "--threads", 1).returncode, 0)
        result = json.loads((other / "ar-1" / "eval.json").read_text())["last"]["test"]
        self.assertAlmostEqual(result["kl"], 0, places=4)

    def test_another_configuration_is_refused(self):
        self.write_config({**CONFIG, "seeds": [1], "training": {**CONFIG["training"], "steps": 5}})
        self.train("run")
        self.write_config({**CONFIG, "seeds": [1], "training": {**CONFIG["training"], "steps": 6}})
        self.assert_refused(study(*self.train_words("run")), "'training.steps': was 5, is 6")

    def test_a_text_that_was_changed_is_refused(self):
        (self.root / "text.txt").write_text(text(2))
        self.assert_refused(study(*self.train_words("run")), "text.txt: the text was changed since")

    def test_a_corpus_that_was_made_anew_is_refused(self):
        self.write_config({**CONFIG, "seeds": [1], "training": {**CONFIG["training"], "steps": 5}})
        self.train("run")
        (self.root / "text.txt").write_text(text(2))
        self.prepare()
        self.assert_refused(study("train", self.root / "run"), "it was begun with another corpus")

    def test_too_large_a_batch_is_refused_with_one_that_fits(self):
        self.write_config({**CONFIG, "training": {**CONFIG["training"], "batch": 1 << 20}})
        self.assert_refused(study(*self.train_words("run")), "out of memory", "want training.accumulation")

    def test_what_makes_no_sense_is_one_line(self):
        self.assert_refused(study("train", self.root / "new"), "want --corpus, and --preset or --config")
        self.assert_refused(study("dance", "x"), "there is no verb 'dance'")
        self.assert_refused(study("train", "x", "--speed", "3"), "train has no flag --speed")
        self.assert_refused(study("train"), "train wants a RUN")
        self.assert_refused(study("prepare", self.root / "c"), "want one of --from-model and --text")
        self.assert_refused(study("preset", "huge"), "no preset is called 'huge'")
        (self.root / "config.json").write_text("{")
        self.assert_refused(study(*self.train_words("run")), "config.json")
        self.assert_refused(study("export", self.root / "tokenizer.json", "--to", "x", "--corpus", "y"), "tokenizer.json")

    def test_help_and_presets_are_printed(self):
        self.assertIn("hlwq-study train RUN", study("help").stdout)
        self.assertEqual(json.loads(study("preset", "paper").stdout)["model"]["layers"], 12)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
