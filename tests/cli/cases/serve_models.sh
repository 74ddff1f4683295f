# Several models on one command line: names, which are open, and what cannot be.
gguf="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
hlwq import "$gguf" made --quiet || exit 1
mkdir -p shelf/deep elsewhere
cp -r made shelf/first
cp "$gguf" shelf/second.gguf
cp "$gguf" shelf/deep/model.gguf
cp -r made elsewhere/first
refused() { hlwq serve "$@" --port 0 --quiet; echo "exit $?"; }

refused
refused made elsewhere/first shelf
refused made shelf/second.gguf --alias one
refused --models-dir made/nothing
refused made --models-memory plenty

ask() { # flags and folders of a server, then what to ask of it
  hlwq serve "$@" --port 0 --json --quiet > place &
  server=$!
  trap 'kill $server 2> /dev/null' EXIT
  for try in $(seq 100); do grep -qs '}' place && break; sleep 0.1; done
  python3 - <<'PYTHON'
import json, urllib.request
port = json.load(open("place"))["port"]
def get(path, body=None):
    data = json.dumps(body).encode() if body else None
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=60).read()
def names():
    models = json.loads(get("/v1/models"))["data"]
    return [model["id"] + (" (open)" if "meta" in model else "") for model in models]
print(names())
for name in [model.split(" ")[0] for model in names()]:
    answer = json.loads(get("/v1/completions", {"model": name, "prompt": "the", "max_tokens": 2}))
    print(answer["model"], answer["usage"]["completion_tokens"])
print(names())
models = json.loads(get("/v1/models"))["data"]
taken = sum(model["meta"]["memory_bytes"] for model in models if "meta" in model)
print(f"hlwq_models_memory_bytes {taken}" in get("/metrics").decode())
PYTHON
  kill -TERM $server
  wait $server
  echo "exit $?"
}
ask made shelf
ask made --models-dir shelf --models-max 4
ask made --models-dir shelf --models-max 4 --models-memory 1
