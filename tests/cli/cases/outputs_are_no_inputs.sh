# No output takes the place of a file of the source, by whatever name.
hlwq synth "$CASES/config_llama.json" src --quiet
before=$(cat src/* | md5sum)
ln -s src link
ln src/model.safetensors hard
refused() { "$@" --quiet; echo "exit $?"; }
refused hlwq quantize src dst --report src/model.safetensors
refused hlwq quantize src dst --report link/config.json
refused hlwq quantize src dst --report hard
refused hlwq quantize src/model.safetensors dst --report src/config.json
refused hlwq quantize src dst --target-bpw 4 --sensitivity uniform --save-recipe src/hlwq_manifest.json
refused hlwq compare src hard --report hard
echo '[[1, 2]]' > ids.json
refused hlwq logits src --ids ids.json -o ids.json
refused hlwq logits src --ids ids.json -o link/model.safetensors
refused hlwq perplexity src --file ids.json --trace-experts ids.json
ls
[ "$before" = "$(cat src/* | md5sum)" ] && echo unchanged
# A page of an earlier run is replaced.
touch page.html
hlwq quantize src dst --report page.html --quiet && grep -c '</html>' page.html
