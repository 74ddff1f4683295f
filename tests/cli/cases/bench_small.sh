# Every form of bench, on a model so small that the figures mean nothing; and its faults.
MODEL=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
bench() { hlwq bench "$MODEL" -p 16 -n 4 --repetitions 2 --quiet "$@"; }
bench -t 2,1 --csv | sed -E 's/,[0-9.e+]+,[0-9.e+]+,[0-9.e+]+$/,MEDIAN,MIN,MAX/'
bench -t 1 --md | grep -c '^|'
bench -t 1 --json | python3 -c "import json, sys; d = json.load(sys.stdin); print(d['prompt_tokens'], d['decode_tokens'], len(d['threads'][0]['decode_tokens_per_second']['samples']), d['threads'][0]['decode_share_of_plain_read']['min'] > 0)"
bench | grep -c 'plain read GB/s'
bench -t 1,; echo "exit $?"
bench -t 0; echo "exit $?"
bench -t 1 -p 0 -n 0; echo "exit $?"
bench --csv --md; echo "exit $?"
