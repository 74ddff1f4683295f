"""Times llama.cpp after many tokens: prints a JSON object, {depth: {"prefill": .., "decode": ..}} in tokens/s. Run as a
process of its own.

usage: llama_depth.py FILE THREADS CACHE_TYPE PREFILL_TOKENS DECODE_TOKENS DEPTHS...

The sequence is filled once; at each depth PREFILL_TOKENS are taken, forgotten, and then DECODE_TOKENS one at a time.
Flash attention is on. CACHE_TYPE: f16, q8_0 or q4_0, of keys and values.
"""
import ctypes
import json
import sys
import time

import llama_cpp

PATH, THREADS, TYPE, PREFILL, DECODE = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
DEPTHS = sorted(int(word) for word in sys.argv[6:])
CHUNK = 512


@llama_cpp.llama_log_callback
def quiet(level, text, data):
    del level, text, data


def feed(context, tokens):
    array = (llama_cpp.llama_token * len(tokens))(*tokens)
    status = llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(tokens)))
    assert status == 0, status


llama_cpp.llama_log_set(quiet, ctypes.c_void_p())
llama_cpp.llama_backend_init()
model = llama_cpp.llama_model_load_from_file(PATH.encode(), llama_cpp.llama_model_default_params())
parameters = llama_cpp.llama_context_default_params()
parameters.n_ctx = DEPTHS[-1] + max(PREFILL, DECODE) + 64
parameters.n_batch = parameters.n_ubatch = CHUNK
parameters.n_threads = parameters.n_threads_batch = THREADS
parameters.type_k = parameters.type_v = getattr(llama_cpp, f"GGML_TYPE_{TYPE.upper()}")
parameters.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
context = llama_cpp.llama_init_from_model(model, parameters)
memory = llama_cpp.llama_get_memory(context)
token = lambda position: 3 + position * 7919 % 20000

speeds, filled = {}, 0
for depth in DEPTHS:
    while filled < depth:
        size = min(CHUNK, depth - filled)
        feed(context, [token(filled + number) for number in range(size)])
        filled += size
    began = time.perf_counter()
    feed(context, [token(depth + number) for number in range(PREFILL)])
    prefill = time.perf_counter() - began
    llama_cpp.llama_memory_seq_rm(memory, 0, depth, -1)
    began = time.perf_counter()
    for number in range(DECODE):
        feed(context, [token(number)])
    decode = time.perf_counter() - began
    llama_cpp.llama_memory_seq_rm(memory, 0, depth, -1)
    speeds[depth] = {"prefill": PREFILL / prefill, "decode": DECODE / decode}
print(json.dumps(speeds))
