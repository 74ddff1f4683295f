# Formats of keys and values: what there is not is refused, and each gives an answer.
SOURCE=$CASES/../../golden/good/models/qwen3_5
mkdir model && cp "$SOURCE"/* model/
echo '[[5, 6, 7, 8]]' > ids.json
run() { hlwq logits model --ids ids.json -o out.safetensors --quiet "$@"; echo "exit $?"; rm -f out.safetensors; }
for format in f16 bf16 k8v8 k8v4 k4v3 k16v2; do run --kv $format; done
run --kv k3v4
run --kv k4v4 --kv-layers 0=k8v8,-1=k4v8
# What is known to harm is said.
for format in k3v4 k8v2 k4v3; do hlwq logits model --ids ids.json -o out.safetensors --kv $format 2>&1 | grep harm; done
run --kv k5v4
run --kv k4v4 --kv-layers 9=k8v8
run --kv f32 --kv-layers 0=k8v8
run --kv k4v4 --kv-layers nonsense
cp -r "$CASES/../../golden/good/models/qwen3-odd" odd
hlwq logits odd --ids ids.json -o out.safetensors --quiet --kv k4v4
echo "exit $?"
