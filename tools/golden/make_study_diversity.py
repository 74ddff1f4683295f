#!/usr/bin/env python3
"""What NLTK and plain Python say of the diversity of sets of texts.

usage: make_study_diversity.py OUT.json          (needs nltk)

Self-BLEU-4: nltk's sentence_bleu of each text against all others, smoothing method 1. The rest by the
definitions of study/diversity/diversity.h. Texts are drawn from a small vocabulary, so that n-grams repeat.
"""
import collections
import json
import math
import pathlib
import random
import sys

from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu


def entropy(tokens):
    counts = sorted(collections.Counter(tokens).values())
    total = sum(counts)
    return -sum(c / total * math.log(c / total) for c in counts)


def measure(texts, tokens):
    words = [text.split() for text in texts]
    scores = []
    for index, text in enumerate(words):
        others = words[:index] + words[index + 1:]
        scores.append(sentence_bleu(others, text, smoothing_function=SmoothingFunction().method1))
    distinct = []
    for n in range(1, 5):
        grams = [tuple(text[i:i + n]) for text in words for i in range(len(text) - n + 1)]
        distinct.append(len(set(grams)) / len(grams) if grams else 0)
    first = collections.Counter(text[0] if text else "" for text in words)
    word, count = min(first.items(), key=lambda item: (-item[1], item[0]))
    return {
        "texts": texts, "tokens": tokens, "self_bleu": scores, "distinct": distinct, "first_word": word,
        "first_word_share": count / len(texts),
        "unique_openings": len({tuple(text[:5]) for text in words}) / len(texts),
        "token_entropy": entropy([t for sample in tokens for t in sample]),
        "sample_entropy": sum(map(entropy, tokens)) / len(tokens),
    }


def draw(rng, vocabulary, texts, longest, repeat):
    drawn = []
    for _ in range(texts):
        words = [rng.choice(vocabulary) for _ in range(rng.randint(0, longest))]
        if drawn and rng.random() < repeat:  # a part of an earlier one
            earlier = rng.choice(drawn).split()
            begin = rng.randint(0, len(earlier))
            words[:0] = earlier[begin:begin + rng.randint(0, 12)]
        drawn.append(rng.choice([" ", "  ", "\n", " \t"]).join(words))
    return drawn


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rng = random.Random(18)
    small = ["the", "cat", "sat", "on", "a", "mat", "The", "mat."]
    wide = [f"w{i}" for i in range(200)] + ["Müller", "naïve", "日本"]
    sets = [draw(rng, small, 12, 20, 0.5), draw(rng, wide, 30, 40, 0.7), draw(rng, wide, 8, 3, 0),
            ["one text alone here", "one text alone here"], ["a b c d e f", "a b c d e g", "x y z"]]
    cases = [measure(texts, [[rng.randint(0, 40) for _ in range(rng.randint(1, 30))] for _ in texts]) for texts in sets]
    out = json.dumps({"cases": cases}, ensure_ascii=False, indent=1)
    pathlib.Path(sys.argv[1]).write_text(out + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
