# A reader that has gone away is no error: this is what `hlwq ... | head` does.
{ sleep 0.3; hlwq help --man; echo "exit $?" >&2; } | true
