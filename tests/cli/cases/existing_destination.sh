# A DST that exists is refused and left as it is; --overwrite replaces it.
hlwq synth "$CASES/config_llama.json" model --quiet
hlwq synth "$CASES/config_llama.json" model --seed 1 --quiet
echo "exit $?"
hlwq synth "$CASES/config_llama.json" model --seed 1 --overwrite --quiet
echo "exit $?"
