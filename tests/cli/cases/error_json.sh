# With --json the error is on stdout as well, even when the command line is what is wrong.
hlwq help --completions tcsh --json
