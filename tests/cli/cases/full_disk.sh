# Output that cannot be written is an error, not a silent loss.
[[ -c /dev/full ]] || { echo "no /dev/full here" >&2; exit 77; }
hlwq help > /dev/full
