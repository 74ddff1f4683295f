# A dry run says what would be done and writes nothing.
set -e
hlwq synth "$CASES/config_llama.json" model --quiet
hlwq quantize model coded --dry-run > plan.txt
hlwq plan model > plan2.txt
cmp plan.txt plan2.txt
ls
