"""Times llama.cpp on one GGUF file: prints a JSON object. Run as a process of its own.

usage: llama_speed.py FILE THREADS PREFILL_TOKENS DECODE_TOKENS
"""
import ctypes
import json
import sys
import time

import llama_cpp

PATH, THREADS, PREFILL, DECODE = sys.argv[1], *map(int, sys.argv[2:])


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
parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = max(PREFILL, PREFILL + DECODE)
parameters.n_threads = parameters.n_threads_batch = THREADS
context = llama_cpp.llama_init_from_model(model, parameters)
memory = llama_cpp.llama_get_memory(context)
tokens = [3 + number * 7919 % 20000 for number in range(PREFILL)]
feed(context, tokens[:32])  # pages and caches warm
llama_cpp.llama_memory_clear(memory, True)

began = time.perf_counter()
feed(context, tokens)
prefill = time.perf_counter() - began
llama_cpp.llama_memory_clear(memory, True)
feed(context, tokens[:8])
began = time.perf_counter()
for number in range(DECODE):
    feed(context, [3 + number])
decode = time.perf_counter() - began
print(json.dumps({"prefill": PREFILL / prefill, "decode": DECODE / decode}))
