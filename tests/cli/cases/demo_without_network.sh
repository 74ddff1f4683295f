# The demonstration where nothing can be fetched: with the model in examples/.
export PIP_NO_INDEX=1
"$CASES/../../../scripts/demo.sh" "$(command -v hlwq)" demo > printed 2> said || { cat said; exit 1; }
grep -E '^(\$ hlwq|It could|KL divergence|Checkpoint|Serve it)' printed | sed "s,$PWD,.,g"
