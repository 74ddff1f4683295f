#!/usr/bin/env python3
"""Seeds for fuzz_saved_sequence: sequences of tests/golden/good/models/qwen3_5, headers alone: the target adds
zeros, the model's hash and checksums that are right.

usage: make_sequence_seeds.py CORPUS
"""
import json
import pathlib
import struct
import sys

FLOATS, CODES = 2 * 2 * 24 * 64 * 2, 2 * (960 + 896)  # bytes of a page: f16, and k4v3
STATE, VOCABULARY = 2 * (3 * 69 + 3 * 18 * 11), 56
METADATA = {"format": "hlwq-sequence", "version": "1", "model": "qwen3_5_text", "model_xxh3": "0" * 16, "kv": "f16",
            "page_tokens": "64", "interleaved": "no", "target": "avx2", "prompt_tokens": "0"}


def write(path: pathlib.Path, parts: list[tuple[str, str, int]], **metadata: str) -> None:
    """Parts are names, dtypes and bytes."""
    parts = parts + [("checksums", "U64", 8 * (len(parts) + 1))]
    header, end = {"__metadata__": METADATA | metadata}, 0
    size = {"U8": 1, "I32": 4, "F32": 4, "U64": 8}
    for name, dtype, count in parts:
        header[name] = {"dtype": dtype, "shape": [count // size[dtype]], "data_offsets": [end, end + count]}
        end += count
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    path.write_bytes(struct.pack("<Q", len(text)) + text)


def sequence(tokens: int, coded: bool = False, moments: tuple[int, ...] = (), logits: bool = True):
    full, pages = tokens // 64, (tokens + 63) // 64
    parts = [("tokens", "I32", 4 * tokens)]
    wanted = [page for page in range(pages) if not coded or page == 0 or page >= full - 1]
    parts += [(f"floats.{page}", "U8", FLOATS) for page in wanted]
    parts += [(f"codes.{page}", "U8", CODES) for page in range(1, full) if coded]
    parts.append(("state", "F32", 4 * STATE))
    for length in moments:
        parts.append((f"moments.{length}.state", "F32", 4 * STATE))
        if coded and length % 64:
            parts.append((f"moments.{length}.tail", "U8", FLOATS))
    return parts + [("logits", "F32", 4 * VOCABULARY)] * logits


def main() -> None:
    corpus = pathlib.Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    write(corpus / "short", sequence(5))
    write(corpus / "pages", sequence(130, moments=(64, 96), logits=False), prompt_tokens="130")
    write(corpus / "coded", sequence(200, True), kv="k4v3", prompt_tokens="200")
    write(corpus / "coded-moments", sequence(150, True, (64, 96)), kv="k4v3", prompt_tokens="128")
    write(corpus / "no-state", [part for part in sequence(5) if part[0] != "state"])
    write(corpus / "no-page", [part for part in sequence(130) if part[0] != "floats.1"])
    write(corpus / "tail-alone", sequence(70, True) + [("moments.33.tail", "U8", FLOATS)], kv="k4v3")
    write(corpus / "page-beyond", sequence(5) + [("floats.18446744073709551615", "U8", FLOATS)])
    write(corpus / "tokens-many", [("tokens", "I32", 4000)] + sequence(5)[1:])
    write(corpus / "other-version", sequence(5), version="2")


if __name__ == "__main__":
    main()
