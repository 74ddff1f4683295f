# compare: exit 0 above the bar, 1 below it.
hlwq synth "$CASES/config_llama.json" model --quiet
hlwq quantize model coded --codec hlwq --recipe published --quiet
hlwq compare model coded --min-snr 26 --quiet
echo "exit $?"
hlwq compare model coded --min-snr 28 --quiet
echo "exit $?"
