# The completions work in the shell they are for.
source <(hlwq help --completions bash)
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hlwq; echo "${COMPREPLY[@]}"; }
complete_words hlwq hel
complete_words hlwq help --compl
complete_words hlwq help --completions z
