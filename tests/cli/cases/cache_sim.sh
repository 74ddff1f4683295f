# A routing replayed: a table, a document, a page; and what is no trace, in one line.
cat > trace.jsonl <<'JSON'
{"format":"hlwq-expert-trace","version":1,"model":"qwen3_moe","layers":2,"experts":4,"top_k":2,"expert_bytes":1000000}
{"pass":0,"layer":0,"tokens":2,"experts":[0,1,3]}
{"pass":0,"layer":1,"tokens":2,"experts":[2,3]}
{"pass":1,"layer":0,"tokens":1,"experts":[0,2]}
{"pass":1,"layer":1,"tokens":1,"experts":[2,3]}
{"pass":2,"layer":0,"tokens":1,"experts":[0,1]}
{"pass":2,"layer":1,"tokens":1,"experts":[0,3]}
JSON
hlwq cache-sim trace.jsonl
hlwq cache-sim trace.jsonl --sizes 2,4 --report page.html --json
grep -c '<path' page.html
hlwq cache-sim trace.jsonl --sizes 2,5
hlwq cache-sim trace.jsonl --report none/page.html
head -c 300 trace.jsonl > torn.jsonl
hlwq cache-sim torn.jsonl
