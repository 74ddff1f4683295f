# A report that could not be written ends the job before the work, not after it.
hlwq synth "$CASES/config_llama.json" src --quiet
hlwq quantize src dst --report absent/page.html; echo "exit $?"
hlwq compare src src --report .; echo "exit $?"
hlwq quantize src src --dry-run; echo "exit $?"
ls
