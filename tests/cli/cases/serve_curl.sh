# What docs/server.md tells people to type works.
command -v curl > /dev/null || exit 77
model="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
hlwq import "$model" made --quiet || exit 1
echo "{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}<|im_start|>assistant
" > made/chat_template.jinja
hlwq serve made --port 0 --json --quiet > place &
server=$!
trap 'kill $server 2> /dev/null' EXIT
for try in $(seq 100); do grep -qs '}' place && break; sleep 0.1; done
python3 - "$CASES/../../../docs/server.md" <<'PYTHON'
import json, re, subprocess, sys
port = json.load(open("place"))["port"]
text = open(sys.argv[1], encoding="utf-8").read()
commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in re.findall(r"^curl .*?(?=^curl|\Z)", block, re.S | re.M)]
for command in commands:
    command = command.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace("curl ", "curl -sS --max-time 60 ", 1)
    body = re.search(r"-d '(.*)'", command, re.S).group(1)
    # What the small model knows does not end by itself.
    command = command.replace(body, body.replace("{", '{"max_tokens": 20, ', 1)) if "max_tokens" not in body else command
    made = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    path = re.search(r"(/v1/\S+)", command).group(1)
    if "text/event" in made.stdout or made.stdout.startswith("data:"):
        kind = "a stream that ends with " + made.stdout.split()[-1]
    else:
        answer = json.loads(made.stdout)
        kind = answer.get("object") or answer.get("type") or str(answer)
    print(path, "gives", kind, made.stderr)
PYTHON
kill -TERM $server
wait $server
echo "exit $?"
