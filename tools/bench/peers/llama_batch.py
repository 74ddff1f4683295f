"""Times llama.cpp decoding several sequences at once: prints a JSON object, tokens/s of all together by their
number. Run as a process of its own.

usage: llama_batch.py FILE THREADS DECODE_PASSES SEQUENCES...
"""
import json
import sys
import time

import llama_cpp
import llama_model

PATH, THREADS, PASSES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
NUMBERS = [int(word) for word in sys.argv[4:]]
PROMPT = 32

most = max(NUMBERS)
llama = llama_model.Llama(PATH, THREADS, most * (PROMPT + PASSES + 8), 512, n_seq_max=most)
batch = llama_cpp.llama_batch_init(512, 0, 1)


def decode(entries):
    """Of (token, position, sequence), each with its logits."""
    batch.n_tokens = len(entries)
    for index, (token, position, sequence) in enumerate(entries):
        batch.token[index], batch.pos[index] = token, position
        batch.n_seq_id[index], batch.seq_id[index][0], batch.logits[index] = 1, sequence, 1
    llama.decode(batch)


speeds = {}
for number in NUMBERS:
    llama.keep(0)
    for sequence in range(number):
        decode([(llama_model.token(sequence * 31 + position), position, sequence) for position in range(PROMPT)])
    began = time.perf_counter()
    for step in range(PASSES):
        decode([(3 + step + sequence, PROMPT + step, sequence) for sequence in range(number)])
    speeds[number] = number * PASSES / (time.perf_counter() - began)
print(json.dumps(speeds))
