#!/usr/bin/env python3
"""Byte-level BPE as Hugging Face's tokenizers learn it, from made-up texts.

usage: make_study_bpe.py OUT.json          (needs tokenizers)
       make_study_bpe.py OUT.json --texts FILE VOCABULARY       the merges of a text file, for a look beside our own

The texts have many ties and long runs of one character, where a token can be made in two ways.
"""
import json
import pathlib
import random
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def train(texts, vocabulary, least_count, special):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, min_frequency=least_count, special_tokens=special,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def case(texts, probe, vocabulary, least_count, special):
    tokenizer = train(texts, vocabulary, least_count, special)
    written = json.loads(tokenizer.to_str())
    tokens = sorted(written["model"]["vocab"], key=written["model"]["vocab"].get)
    return {"texts": texts, "vocabulary": vocabulary, "least_count": least_count, "special": special,
            "tokens": tokens, "merges": written["model"]["merges"], "probe": probe,
            "ids": tokenizer.encode(probe).ids}


def draw(rng, syllables, words, texts):
    vocabulary = ["".join(rng.choice(syllables) for _ in range(rng.randint(1, 4))) for _ in range(words)]
    return [" ".join(rng.choice(vocabulary) + rng.choice(["", "", "", ",", ".", "!", "'s", " 12", "\n"]) for _ in
                     range(rng.randint(1, 60))) for _ in range(texts)]


def main() -> None:
    if len(sys.argv) == 5 and sys.argv[2] == "--texts":
        text = pathlib.Path(sys.argv[3]).read_text(encoding="utf-8")
        train([text], int(sys.argv[4]), 2, ["<|endoftext|>"]).save(sys.argv[1])
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rng = random.Random(18)
    plain = draw(rng, ["ba", "na", "to", "ki", "re", "l", "s", "th", "e"], 60, 40)
    wide = draw(rng, ["ä", "ö", "日", "本", "🙂", "x", "y", "é"], 30, 30)
    runs = ["-" * rng.randint(1, 40) + " " * rng.randint(0, 9) + "=" * rng.randint(0, 17) + "aaa" * rng.randint(0, 5)
            for _ in range(40)]
    cases = [case(plain, plain[3] + " bananarama\n\n<|endoftext|>to", 420, 2, ["<|endoftext|>"]),
             case(wide, wide[1] + "日本語 straße", 380, 1, ["<s>", "</s>"]),
             case(runs, "-------- ==== aaaaaaa\n   x", 330, 1, ["<|endoftext|>"]),
             case(["ab"], "abab", 300, 2, [])]
    pathlib.Path(sys.argv[1]).write_text(json.dumps({"cases": cases}, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
