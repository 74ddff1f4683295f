"""Times llama.cpp decoding several sequences at once: prints a JSON object, tokens/s of all together by their
number. Run as a process of its own.

usage: llama_batch.py FILE THREADS DECODE_PASSES SEQUENCES...
"""
import ctypes
import json
import sys
import time

import llama_cpp

PATH, THREADS, PASSES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
NUMBERS = [int(word) for word in sys.argv[4:]]
PROMPT = 32


@llama_cpp.llama_log_callback
def quiet(level, text, data):
    del level, text, data


llama_cpp.llama_log_set(quiet, ctypes.c_void_p())
llama_cpp.llama_backend_init()
model = llama_cpp.llama_model_load_from_file(PATH.encode(), llama_cpp.llama_model_default_params())
parameters = llama_cpp.llama_context_default_params()
most = max(NUMBERS)
parameters.n_ctx = most * (PROMPT + PASSES + 8)
parameters.n_batch = parameters.n_ubatch = max(512, PROMPT)
parameters.n_seq_max = most
parameters.n_threads = parameters.n_threads_batch = THREADS
context = llama_cpp.llama_init_from_model(model, parameters)
memory = llama_cpp.llama_get_memory(context)
batch = llama_cpp.llama_batch_init(512, 0, 1)


def decode(entries):
    """Of (token, position, sequence), each with its logits."""
    batch.n_tokens = len(entries)
    for index, (token, position, sequence) in enumerate(entries):
        batch.token[index], batch.pos[index] = token, position
        batch.n_seq_id[index], batch.seq_id[index][0], batch.logits[index] = 1, sequence, 1
    status = llama_cpp.llama_decode(context, batch)
    assert status == 0, status


speeds = {}
for number in NUMBERS:
    llama_cpp.llama_memory_clear(memory, True)
    for sequence in range(number):
        decode([(3 + (sequence * 31 + position) * 7919 % 20000, position, sequence) for position in range(PROMPT)])
    began = time.perf_counter()
    for step in range(PASSES):
        decode([(3 + step + sequence, PROMPT + step, sequence) for sequence in range(number)])
    speeds[number] = number * PASSES / (time.perf_counter() - began)
print(json.dumps(speeds))
