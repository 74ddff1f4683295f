"""Templates that try to take the stack, the memory or the time of whoever runs them, or that are
broken; for make_templates.py. HOSTILE: name -> bytes. Each must end in an error.
"""

DEEP = 500


def grow(start, step, turns=100, use="{{ ns.x|length }}"):
    return ("{% set ns = namespace(x=" + start + ") %}{% for i in range(" + str(turns) + ") %}"
            "{% set ns.x = " + step + " %}{% endfor %}" + use)


TEXTS = {
    # The stack: of the parser,
    "nested-parentheses": "{{ " + "(" * DEEP + "1" + ")" * DEEP + " }}",
    "nested-lists": "{{ " + "[" * DEEP + "]" * DEEP + " }}",
    "nested-dicts": "{{ " + "{1:" * DEEP + "1" + "}" * DEEP + " }}",
    "nested-calls": "{{ " + "range(" * DEEP + ")" * DEEP + " }}",
    "nested-subscripts": "{{ a" + "[a" * DEEP + "]" * DEEP + " }}",
    "nots": "{{ " + "not " * DEEP + "1 }}",
    "minuses": "{{ " + "-" * DEEP + "1 }}",
    "conditions": "{{ " + "1 if 0 else " * DEEP + "1 }}",
    "sums": "{{ 1" + " + 1" * DEEP + " }}",
    "powers": "{{ 1" + " ** 1" * DEEP + " }}",
    "ands": "{{ 1" + " and 1" * DEEP + " }}",
    "dots": "{{ a" + ".a" * DEEP + " }}",
    "filters": "{{ 1" + "|string" * DEEP + " }}",
    "tests": "{{ 1" + " is eq(1)|string" * DEEP + " }}",
    "nested-ifs": "{% if 1 %}" * DEEP + "{% endif %}" * DEEP,
    "nested-fors": "{% for a in [1] %}" * DEEP + "{% endfor %}" * DEEP,
    "nested-macros": "{% macro m() %}" * DEEP + "{% endmacro %}" * DEEP,
    "nested-sets": "{% set x %}" * DEEP + "{% endset %}" * DEEP,
    "nested-targets": "{% set " + "(" * DEEP + "a" + ")" * DEEP + " = 1 %}",
    "chained-inside-nested": "{{ " + "(" * 90 + "1" + (" + 1" * 50 + ")") * 90 + " }}",
    # of the evaluator,
    "macro-without-end": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "macros-in-turn": "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "default-without-end": "{% macro m(a=m()) %}{% endmacro %}{{ m() }}",
    "caller-without-end": "{% macro m() %}{{ caller }}{% call m() %}{% endcall %}{% endmacro %}{{ m() }}",
    # and of what walks values.
    "deep-list-printed": grow("[]", "[ns.x]", 50_000, "{{ ns.x }}"),
    "deep-list-as-json": grow("[]", "[ns.x]", 50_000, "{{ ns.x|tojson }}"),
    "deep-list-compared": grow("[]", "[ns.x]", 50_000, "{{ ns.x == [ns.x][0][0:] and ns.x < ns.x }}"),
    "deep-tuple-as-key": grow("()", "(ns.x,)", 50_000, "{{ {ns.x: 1} }}"),
    "deep-map": grow("[]", "[ns.x]", 50_000, "{{ ns.x|map(*(['map'] * 50000))|list }}"),
    "namespace-in-itself": "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
    # Memory
    "text-doubled": grow("'x'", "ns.x + ns.x"),
    "text-doubled-by-tilde": grow("'x'", "ns.x ~ ns.x"),
    "text-repeated": "{{ ('x' * 1000000000000)|length }}",
    "text-repeated-often": "{{ ('x' * 9223372036854775807)|length }}",
    "list-doubled": grow("[1]", "ns.x + ns.x"),
    "list-repeated": "{{ ([1] * 100000000000)|length }}",
    "shared-list-printed": grow("[1]", "[ns.x, ns.x]", 60, "{{ ns.x }}"),
    "shared-list-as-json": grow("[1]", "[ns.x, ns.x]", 60, "{{ ns.x|tojson }}"),
    "shared-list-compared": grow("[1]", "[ns.x, ns.x]", 60, "{{ ns.x == [ns.x[0], ns.x[0]] }}"),
    "replaced": grow("'xx'", "ns.x|replace('x', ns.x)"),
    "joined": grow("'xx'", "ns.x|join(ns.x)"),
    "characters": grow("'xx'", "(ns.x|list)|join(ns.x)"),
    "centred": "{{ 'x'|center(1000000000000) }}",
    "justified": "{{ 'x'.ljust(9223372036854775807) }}",
    "indented": "{{ 'x'|indent(1000000000000, true) }}",
    "indented-json": "{{ [1]|tojson(indent=1000000000000) }}",
    "padded": "{{ '%999999999999d' % 1 }}",
    "padded-by-star": "{{ '%*d' % (999999999999, 1) }}",
    "precise": "{{ '%.999999999f' % 1.0 }}",
    "padded-field": "{{ '{:>99999999999}'.format(1) }}",
    "batches": "{{ [1]|batch(1000000000000, 0)|list }}",
    "slices": "{{ [1]|slice(1000000000000)|list }}",
    "captured": "{% set ns = namespace(x='x') %}{% for i in range(100) %}{% set y %}{{ ns.x }}{{ ns.x }}"
                "{% endset %}{% set ns.x = y %}{% endfor %}",
    "formatted-time": "{{ strftime_now('%999999999Y') }}",
    "integer-overflow": "{{ 9223372036854775807 + 1 }}",
    "integer-power": "{{ 10 ** 1000000000 }}",
    "smallest-integer": "{{ (-9223372036854775807 - 1) // -1 }}",
    "smallest-integer-negated": "{{ -(-9223372036854775807 - 1) }}",
    # Time
    "long-loop": "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "long-loop-of-nothing": "{% for a in range(100000) %}{% for b in range(100000) if false %}{% endfor %}{% endfor %}",
    "exponential-macros": "".join("{% macro m" + str(i) + "() %}{{ m" + str(i - 1) + "() }}{{ m" + str(i - 1)
                                  + "() }}{% endmacro %}" for i in range(60, 0, -1))
                          + "{% macro m0() %}{% endmacro %}{{ m60() }}",
    "long-output": "{% for a in range(100000) %}{% for b in range(100000) %}" + "x" * 1000 + "{% endfor %}{% endfor %}",
    "sorted-often": "{% for a in range(100000) %}{% set b = range(100000)|sort %}{% endfor %}",
    "found-often": "{% set t = 'a' * 1000000 %}{% for a in range(100000) %}{% set b = 'b' in t %}{% endfor %}",
    # Broken
    "print-without-end": "{{ 1",
    "statement-without-end": "{% if 1",
    "block-without-end": "{% if 1 %}",
    "comment-without-end": "{# {{ 1 }}",
    "raw-without-end": "{% raw %}{{ 1 }}",
    "string-without-end": "{{ 'abc }}",
    "string-ends-in-escape": "{{ 'abc\\",
    "half-escape": "{{ '\\u12' }}",
    "surrogate": "{{ '\\ud800' }}",
    "code-point-too-large": "{{ '\\U00110000' }}",
    "huge-integer": "{{ 99999999999999999999999 }}",
    "wrong-bracket": "{{ (1] }}",
    "no-name": "{{ 1| }}",
    "index-of-undefined": "{{ messages[0].role.x.y }}",
}

HOSTILE = {name: text.encode() for name, text in TEXTS.items()} | {
    "not-utf8": b"{{ '\xff\xfe' + 1 }}",
    "not-utf8-outside": b"\xff{{ \xff }}",
    "cut-utf8": b"{{ '\xe4\xb8' ~ 1 + 1 }}",
    "nul": b"{{ \0 }}",
}
