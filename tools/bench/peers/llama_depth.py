"""Times llama.cpp after many tokens: prints a JSON object, {depth: {"prefill": .., "decode": ..}} in tokens/s. Run as a
process of its own.

usage: llama_depth.py FILE THREADS CACHE_TYPE PREFILL_TOKENS DECODE_TOKENS DEPTHS...

The sequence is filled once; at each depth PREFILL_TOKENS are taken, forgotten, and then DECODE_TOKENS one at a time.
Flash attention is on. CACHE_TYPE: f16, q8_0 or q4_0, of keys and values.
"""
import json
import sys
import time

import llama_cpp
import llama_model

PATH, THREADS, TYPE, PREFILL, DECODE = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
DEPTHS = sorted(int(word) for word in sys.argv[6:])
CHUNK = 512

cache_type = getattr(llama_cpp, f"GGML_TYPE_{TYPE.upper()}")
llama = llama_model.Llama(PATH, THREADS, DEPTHS[-1] + max(PREFILL, DECODE) + 64, CHUNK, type_k=cache_type,
                          type_v=cache_type, flash_attn_type=llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED)


def feed_from(position: int, tokens: int) -> None:
    for first in range(position, position + tokens, CHUNK):
        llama.feed([llama_model.token(at) for at in range(first, min(first + CHUNK, position + tokens))])


speeds, filled = {}, 0
for depth in DEPTHS:
    feed_from(filled, depth - filled)
    filled = depth
    began = time.perf_counter()
    feed_from(depth, PREFILL)
    prefill = time.perf_counter() - began
    llama.keep(depth)
    began = time.perf_counter()
    for number in range(DECODE):
        llama.feed([llama_model.token(number)])
    decode = time.perf_counter() - began
    llama.keep(depth)
    speeds[depth] = {"prefill": PREFILL / prefill, "decode": DECODE / decode}
print(json.dumps(speeds))
