# A stream that the caller closed is not a number for the files of a model.
hlwq synth "$CASES/config_llama.json" src --quiet
hlwq inspect src --json <&- | head -c 1; echo
hlwq quantize src dst --quiet <&- >&- 2>&-; echo "exit $?"
hlwq verify dst --quiet; echo "exit $?"
hlwq tokenize src <&- 2>&1; echo "exit $?"
