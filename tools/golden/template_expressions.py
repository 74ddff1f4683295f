"""Small templates, one construct each, for make_templates.py: what Jinja and Python make of them.

VARIABLES: what all of them know. TEMPLATES: the list. The expressions among them stand in
template_expressions.txt, one a line.
"""
import pathlib

VARIABLES = {
    "yes": True, "no": False, "nothing": None, "zero": 0, "one": 1, "seven": 7, "minus": -7,
    "half": 0.5, "big": 9007199254740993, "tiny": 1e-7, "huge": 1e22, "text": "Hello, World",
    "empty": "", "blank": "  \t\n x \u00a0", "unicode": "Grüße, 中文 😀 ǆ ß", "lines": "a\n  b\n\nc",
    "quotes": "it's \"so\" \\ <b>&</b>\u0001\u007f", "list": [3, 1, 2], "words": ["b", "A", "c", "B"],
    "nested": [[1, 2], [3, [4]]], "record": {"a": 1, "b": "two", "items": 3, "é": None},
    "people": [{"name": "Ann", "age": 30, "home": {"city": "Bern"}, "tags": ["x"]},
               {"name": "bob", "age": 25, "home": {"city": "Oslo"}, "tags": []},
               {"name": "Cid", "age": 30, "home": {"city": "bern"}}],
    "mixed": [0, 1, "", "a", None, True, [], [0], {}, 2.0],
}

# Of each, the value printed.
EXPRESSIONS = pathlib.Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n").split("\n")

STATEMENTS = [
    # Text and whitespace
    "", "a", "a\n", "a\n\n", "\na", "a\r\nb\rc\n", "{", "}}", "{ { }", "a{{ 1 }}b", "{{1}}", "{{- 1 -}}",
    "a \n {{- 1 -}} \n b", "a \n {{ 1 }} \n b", "{{ 1 }}\n{{ 2 }}\n", "{{+ 1 +}}",
    "a\n  {% if true %}\n  b\n  {% endif %}\nc", "a\n  {%- if true -%}\n  b\n  {%- endif -%}\nc",
    "a\n  {%+ if true +%}\n  b\n  {%+ endif +%}\nc", "  {% if true %}x{% endif %}  y",
    "x  {% if true %}y{% endif %}\n\nz", "a\t{% if true %}\n{% endif %}\u00a0{%- if true %}b{% endif %}",
    "{% if true %}\n\n\n{% endif %}", "{# c #}a", "a {# c #} b", "a\n  {# c #}\nb", "a\n  {#- c -#}\n b",
    "a\n  {#+ c +#}\n b", "{# {{ 1 }} {% x %} #}", "{# c", "{##}a", "{#-#} a", "{# - #}\na", "{# c #}\n\nb",
    "{% raw %}{{ x }} {% if %}{% endraw %}", "a {%- raw -%} \n {{ x }} \n {%- endraw -%} \n b",
    "  {% raw %}\n a\n  {% endraw %}\nb", "{% raw %}a", "{%raw%}{# c #}{%endraw%}", "{% raw x %}{% endraw %}",
    "{{ '{{' }}", "{{ \"}}\" }}", "{{ {'a': {'b': 1}} }}", "{{ {'a': {'b': 1}}}}", "{%if true%}a{%endif%}",
    "{% if true -%}\n  a\n{%- endif %}", "{{ 1", "{% if true", "{% if true %}", "{% endif %}", "{% else %}",
    "{{ }}", "{{ - }}", "{% %}", "{%\nif\ntrue\n%}a{%\nendif\n%}", "{{\n1\n}}", "{{ 1 }}}", "{{{ 1 }}}", "a{%",
    "a{{", "\u2028{%- if true %}a{% endif %}", "a {{- '' }} b {{ '' -}} c",
    "{{ 'a\\\nb' }}",
    # if
    "{% if 1 %}a{% elif 1 %}b{% else %}c{% endif %}", "{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}",
    "{% if 0 %}a{% elif 0 %}b{% else %}c{% endif %}", "{% if missing %}a{% endif %}b",
    "{% if 1 %}{% set x = 1 %}{% endif %}{{ x }}", "{% if 0 %}{% set x = 1 %}{% endif %}{{ x is defined }}",
    "{% if %}{% endif %}", "{% if 1 %}a{% endfor %}", "{% if 1 %}a{% else %}b{% else %}c{% endif %}",
    "{% if 1, %}a{% endif %}", "{% if 1: %}a{% endif %}", "{% if a b %}{% endif %}",
    # for
    "{% for x in list %}{{ x }},{% endfor %}", "{% for x in [] %}a{% else %}b{% endfor %}",
    "{% for x in missing %}a{% else %}b{% endfor %}", "{% for x in none %}a{% endfor %}",
    "{% for x in 5 %}a{% endfor %}", "{% for c in 'añ中' %}{{ c }}.{% endfor %}",
    "{% for k in record %}{{ k }} {% endfor %}", "{% for k, v in record.items() %}{{ k }}={{ v }} {% endfor %}",
    "{% for a, b in nested %}{{ a }}{{ b }}{% endfor %}", "{% for a, b, c in nested %}{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for (a, b) in nested %}{{ a }}{% endfor %}", "{% for a, in [[1]] %}{{ a }}{% endfor %}",
    "{% for a, b in [1] %}{% endfor %}", "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}",
    "{% for x in list if x > 1 %}{{ loop.index }}{{ x }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for x in list if x > 9 %}a{% else %}b{% endfor %}", "{% for x in (list if yes else []) %}{{ x }}{% endfor %}",
    "{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}"
    "{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}",
    "{% for x in list %}{{ loop.previtem }}<{{ x }}<{{ loop.nextitem }};{% endfor %}",
    "{% for x in list %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
    "{% for x in list %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for x in list %}{{ loop.cycle() }}{% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}", "{% for x in list %}{{ loop }} {% endfor %}",
    "{% for x in list %}{{ loop.nosuch }}.{% endfor %}", "{% for x in list %}{{ loop(x) }}{% endfor %}",
    "{% for x in list %}{{ loop|length }}{{ loop is iterable }}{{ loop is callable }}{{ loop is sequence }}{% endfor %}",
    "{% for x in list %}{% for y in list %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
    "{% for x in list %}{% set y = x %}{% endfor %}{{ y is defined }}{{ x is defined }}{{ loop is defined }}",
    "{% set y = 0 %}{% for x in list %}{{ y }}{% set y = y + x %}{{ y }} {% endfor %}{{ y }}",
    "{% set ns = namespace(n=0) %}{% for x in list %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}",
    "{% for x in list %}{% if loop.index == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in list %}{% if loop.index == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in list %}{% break %}{% else %}b{% endfor %}", "{% for x in list %}{% continue %}{% else %}b{% endfor %}",
    "{% for x in list %}{{ x }}{% if x == 1 %}{% break %}{% endif %}{% else %}b{% endfor %}",
    "{% break %}", "{% continue %}", "{% for x in list %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for x in list %}{% set y %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endset %}[{{ y }}]{% endfor %}",
    "{% for x in list %}{{ x }}{% set x = 5 %}{{ x }}{% endfor %}", "{% for x in x %}{% endfor %}ok",
    "{% for list in list %}{{ list }}{% endfor %}{{ list }}", "{% for true in list %}{% endfor %}",
    "{% for x.y in list %}{% endfor %}", "{% for x list %}{% endfor %}",
    "{% for x in list %}", "{% for in list %}{% endfor %}", "{% for 1 in list %}{% endfor %}",
    "{% set ns = namespace(found=false) %}{% for x in list if not ns.found %}{{ x }}{% set ns.found = true %}{% endfor %}",
    "{% set ns = namespace(n=0) %}{% for x in [1, 2, 3] if x > ns.n %}{{ loop.last }}{{ x }}{% set ns.n = 5 %}{% endfor %}",
    "{% for x in [1, 2, 3, 4] if x is even %}{{ loop.previtem }}{{ x }}{{ loop.nextitem }} {% endfor %}",
    "{% set g = list|map('string') %}{% for x in g %}{{ x }}{% endfor %}-{% for x in g %}{{ x }}{% endfor %}",
    "{% set g = list|map('string') %}{{ g|first }}{{ g|list }}{{ g|list }}{{ g|first is defined }}",
    "{% set g = list|map('string') %}{{ '1' in g }}", "{{ list|map('string') is defined }}",
    "{% for x in range(3) %}{% for y in range(x) %}{{ x }}{{ y }} {% endfor %}{% endfor %}",
    "{% for item in people %}{{ item.name }}{% if not loop.last %}, {% endif %}{% endfor %}",
    # set
    "{% set x = 1 %}{{ x }}", "{% set x, y = 1, 2 %}{{ x }}{{ y }}", "{% set x = 1, 2 %}{{ x }}",
    "{% set (x, y) = nested %}{{ x }}{{ y }}", "{% set x, y = 1 %}", "{% set x, y = 1, 2, 3 %}",
    "{% set x %}a{{ 1 }}b{% endset %}[{{ x }}]", "{% set x | upper %}abc{% endset %}{{ x }}",
    "{% set x | replace('a', 'b') | upper %}abc{% endset %}{{ x }}", "{% set x %}{% set y = 1 %}{% endset %}{{ y is defined }}",
    "{% set x = x %}{{ x is defined }}", "{% set text = text + '!' %}{{ text }}", "{% set x %}{% endset %}{{ x is string }}{{ x|length }}",
    "{% set none = 1 %}", "{% set 5 = 1 %}", "{% set x %}", "{% set x = %}", "{% set x = 1", "{% set record.a = 1 %}",
    "{% set missing.a = 1 %}", "{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}{{ ns }}",
    "{% set ns = namespace(a=1) %}{% set ns.a, b = 2, 3 %}{{ ns.a }}{{ b }}", "{% set ns = namespace() %}{% set ns.a.b = 1 %}",
    "{% set ns = namespace() %}{% set ns['a'] = 1 %}", "{% set ns = namespace(a=1) %}{{ ns['a'] }}{{ ns.z is defined }}",
    "{% set ns = namespace() %}{% set ns.a %}x{% endset %}{{ ns.a }}", "{% set a = b = 1 %}",
    "{% set x = 1 if no %}{{ x is defined }}", "{% set loop = 5 %}{{ loop }}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set _ = c.reset() %}{{ c.next() }}",
    "{% set j = joiner() %}{% for x in list %}{{ j() }}{{ x }}{% endfor %}",
    # with
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}", "{% with %}{% set x = 1 %}{% endwith %}{{ x is defined }}",
    "{% set a = 5 %}{% with a = 1, b = a %}{{ b }}{% endwith %}", "{% with a %}{% endwith %}", "{% with a, b = 1, 2 %}{% endwith %}",
    # macros
    "{% macro m() %}a{% endmacro %}{{ m() }}{{ m() }}", "{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=1, a=5) }}",
    "{% macro m(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ m() }}", "{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(z=2) }}", "{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(1) }}", "{% macro m(a, b=a+1, c=b+1) %}{{ c }}{% endmacro %}{{ m(1) }}{{ m(1, c=0) }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, a=3) }}", "{% macro m(a) %}{{ varargs }}{% endmacro %}{{ m(1, 2, 3) }}{{ m() }}",
    "{% macro m(a) %}{{ kwargs.x }}{% endmacro %}{{ m(x=1) }}", "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m(a, a) %}{% endmacro %}",
    "{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}", "{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}",
    "{% macro m() %}{% set x = 1 %}{% endmacro %}{{ m() }}{{ x is defined }}", "{{ m() }}{% macro m() %}a{% endmacro %}",
    "{% macro f(n) %}{% if n > 1 %}{{ n * f(n - 1)|int }}{% else %}1{% endif %}{% endmacro %}{{ f(6) }}",
    "{% macro m(n) %}{{ n }}{% if n < 5 %}{{ m(n + 1) }}{% endif %}{% endmacro %}{{ m(0) }}",
    "{% macro a() %}[{{ b() }}]{% endmacro %}{% macro b() %}x{% endmacro %}{{ a() }}",
    "{% for x in list %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}", "{% for x in list %}{{ loop.index }}{% macro m() %}{{ loop is defined }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro m() %}{{ loop is defined }}{% endmacro %}{% for x in [1] %}{{ m() }}{% endfor %}",
    "{% macro m() %}  a\n{% endmacro %}[{{ m()|trim }}]{{ m()|length }}", "{% macro m() %}{% endmacro %}{{ m is callable }}{{ m is defined }}{{ m.name }}{{ m }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}", "{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) m() %}{{ b }}{{ a }}{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}a{% endmacro %}{% call m() %}x{% endcall %}", "{% call 5 %}x{% endcall %}", "{% call range(3) %}x{% endcall %}",
    "{% macro m(caller) %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}", "{% macro m(items) %}<{% for i in items %}{{ caller(i) }}{% endfor %}>{% endmacro %}{% call(i) m(list) %}{{ i }}!{% endcall %}",
    "{% set x = 1 %}{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ x }}{% set x = 2 %}{% endcall %}{{ x }}",
    "{% macro m %}{% endmacro %}", "{% macro m( %}{% endmacro %}", "{% macro m() %}", "{% macro 5() %}{% endmacro %}",
    "{% macro m() %}{% macro n() %}x{% endmacro %}{{ n() }}{% endmacro %}{{ m() }}{{ n is defined }}",
    "{% macro outer() %}{{ inner is defined }}{{ text }}{% endmacro %}{{ outer() }}", "{% macro m(list) %}{{ list }}{% endmacro %}{{ m('x') }}{{ list }}",
    "{% macro r() %}{{ raise_exception('inside') }}{% endmacro %}{{ r() }}",
    # filter blocks, generation, print
    "{% filter upper %}a{{ text }}{% endfilter %}", "{% filter replace('a', 'b')|upper %}aXa{% endfilter %}", "{% filter upper %}{% set x = 1 %}{% endfilter %}{{ x is defined }}",
    "{% filter nosuch %}{% endfilter %}", "{% filter %}{% endfilter %}", "{% generation %}a{{ one }}{% endgeneration %}", "a\n  {% generation %}\n b\n  {% endgeneration %}\nc",
    "{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}{{ x is defined }}", "{% generation %}", "{% print 1, 2 %}", "{% print text %}",
    # markup
    "{% set x %}{{ '<a>'|safe }}{% endset %}{{ x is escaped }}{{ x + '<' }}",
    "{% macro m(a) %}{{ a + '<' }}{% endmacro %}{{ m('<'|safe) }}{{ m('<'|safe) is escaped }}",
    "{% for c in '<a>'|safe %}{{ c is escaped }}{% endfor %}", "{% filter escape %}<a>{% endfilter %}",
    "{% set x | escape %}<a>{% endset %}{{ x is escaped }}{{ x + '<' }}", "{{ '<|im_start|>' + text|safe + '<|im_end|>' }}",
    "{% macro m() %}{{ caller() is escaped }}{% endmacro %}{% call m() %}{{ '<'|safe }}{% endcall %}",
    # not there
    "{% nosuch %}", "{% do list %}", "{% endset %}", "{% if 1 %}{% endset %}", "{% 5 %}", "{% 'a' %}", "{{ 1 }}{% if 1 %}{% for x in list %}{% endif %}{% endfor %}",
    # names and scopes
    "{{ text }}{{ Text is defined }}", "{{ not_there }}", "{{ true }}{{ True }}{{ false }}{{ False }}{{ none }}{{ None }}", "{{ TRUE is defined }}",
    "{% set range = 5 %}{{ range }}", "{{ namespace is defined }}{{ raise_exception is defined }}{{ nosuch is defined }}", "{% set a = 1 %}{% for b in [1] %}{{ a + b }}{% endfor %}",
    "{% set x = 'outer' %}{% for i in [1, 2] %}{{ x }}{% set x = 'inner' %}{{ x }}{% endfor %}{{ x }}",
    "{% for i in [1] %}{% if true %}{% set x = i %}{% endif %}{{ x }}{% endfor %}", "{% if false %}{% set messages = [] %}{% endif %}{{ messages is defined }}",
    "{% set text = text|trim %}{% if false %}{% set text = 'x' %}{% endif %}{{ text }}",
    "{% for x in list %}{% for y in list if y > x %}{{ x }}{{ y }} {% endfor %}{% endfor %}",
]

# Jinja does these, this program says that it does not.
UNSUPPORTED = [
    "{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}", "{% block a %}x{% endblock %}",
    "{% autoescape false %}{% endautoescape %}", "{{ 'a b'|wordcount }}", "{{ 'http://a.b'|urlize }}", "{{ 'a b'|urlencode }}",
    "{{ '<b>'|striptags }}", "{{ 5|filesizeformat }}", "{{ list|pprint }}", "{{ {}|xmlattr }}", "{{ 'a'|wordwrap }}",
    "{% for x in nested recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}",
    "{{ 9223372036854775808 }}", "{{ list|random }}", "{{ '\\N{BULLET}' }}", "{{ record[1, 2] }}",
]

TEMPLATES = ["{{ " + expression + " }}" for expression in EXPRESSIONS] + STATEMENTS
