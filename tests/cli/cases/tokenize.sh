# tokenize and its inverse, on texts and on lines of JSON.
folder="$CASES/../../golden/good/gguf/llama-bpe"
text() { printf 'The quick brown fox\n  jumps, 123 times: \xc3\xa9\xe4\xb8\xad<|im_end|>'; }
text | hlwq tokenize "$folder/model.gguf" > of_gguf
text | hlwq tokenize "$folder" > of_folder
text | hlwq tokenize "$folder/tokenizer.json" > of_file
cmp of_gguf of_folder && cmp of_folder of_file
hlwq tokenize "$folder" --decode < of_file | cmp - <(text) && echo "the text again"
hlwq tokenize "$folder" --decode --no-special < of_file | tail -n 1; echo
printf '"the fox"\n""\n"a\\nb"\n' > lines
hlwq tokenize "$folder" --jsonl < lines | tee ids
hlwq tokenize "$folder" --jsonl --decode < ids | cmp - lines && echo "the lines again"
printf 'the fox' | hlwq tokenize "$folder" --json | tr -d ' \n'; echo
echo "faults:"
hlwq tokenize "$folder" --jsonl <<< 'no JSON'; echo "exit $?"
hlwq tokenize "$folder" --jsonl <<< '[1]'; echo "exit $?"
hlwq tokenize "$folder" --decode <<< '[1, 384]'; echo "exit $?"
hlwq tokenize "$folder" --decode <<< '[1, -3]'; echo "exit $?"
hlwq tokenize "$folder" --decode <<< '"text"'; echo "exit $?"
mkdir empty
hlwq tokenize empty < /dev/null; echo "exit $?"
hlwq tokenize nowhere < /dev/null; echo "exit $?"
