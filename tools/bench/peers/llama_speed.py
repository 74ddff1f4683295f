"""Times llama.cpp on one GGUF file: prints a JSON object. Run as a process of its own.

usage: llama_speed.py FILE THREADS PREFILL_TOKENS DECODE_TOKENS
"""
import json
import sys
import time

import llama_model

PATH, THREADS, PREFILL, DECODE = sys.argv[1], *map(int, sys.argv[2:])

llama = llama_model.Llama(PATH, THREADS, PREFILL + DECODE, PREFILL + DECODE)
tokens = [llama_model.token(number) for number in range(PREFILL)]
llama.feed(tokens[:32])  # pages and caches warm
llama.keep(0)

began = time.perf_counter()
llama.feed(tokens)
prefill = time.perf_counter() - began
llama.keep(0)
llama.feed(tokens[:8])
began = time.perf_counter()
for number in range(DECODE):
    llama.feed([3 + number])
decode = time.perf_counter() - began
print(json.dumps({"prefill": PREFILL / prefill, "decode": DECODE / decode}))
