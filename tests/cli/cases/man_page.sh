# The man page formats without a complaint of the formatter.
command -v groff >/dev/null || { echo "groff is not installed" >&2; exit 77; }
hlwq help --man > hlwq.1
groff -man -Tutf8 -P-cbou -ww hlwq.1 > page.txt
grep -c 'hlwq help \[FLAGS\]' page.txt
