"""Small templates, one construct each, for make_templates.py: what Jinja and Python make of them.

VARIABLES: what all of them know. TEMPLATES: the list.
"""

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
EXPRESSIONS = r"""
1 + 2 * 3
(1 + 2) * 3
2 ** 3 ** 2
-2 ** 2
2 ** -1
10 - 4 - 3
7 / 2
6 / 2
7 // 2
-7 // 2
7 // -2
7 % 3
-7 % 3
7 % -3
-7 % -3
7.5 // 2
-7.5 // 2
7.5 % 2
-7.5 % 2
7.5 % -2
1 / 0
1 // 0
1 % 0
1.0 / 0
0.1 + 0.2
1e3
1.5e-5
1e16
123456789012345678.0
1e15
0.0001
0.00001
100.0
1_000_000
0x1f
0b101
0o17
0.5 * 4
true + true
true * 3.5
not true
not not 1
not nothing
- one
+ one
- - one
-seven|abs
-yes
-text
1 ~ 2 ~ nothing ~ yes ~ 1.0
"a" ~ 1 + 1
1 + 1 ~ "a"
2 * 3 ~ 4
"a" + "b"
"a" + 1
1 + "a"
"ab" * 3
3 * "ab"
"ab" * -1
[1] + [2]
[1] * 2
(1, 2) + (3,)
[1] + (2,)
"a" - "b"
nothing + 1
text + none
missing + 1
1 + missing
missing ~ "x"
missing.attr
missing["x"]
missing()
missing|length
record.missing
record.missing.more
record.missing is defined
record["b"]
record.b
record["items"]
record.é
record[missing]
record.get("a")
record.get("z")
record.get("z", 5)
record.keys()|list
record.values()|list
record.items()|list
record.keys()
record.values()
record.items()
record|length
record|list
record|first
record|last
record
record.copy().a
record.pop("a")
record.update({})
record.clear is defined
record.__class__
record.__class__ is defined
record._x is defined
list
list.append(4)
list.append is defined
list.pop is callable
list.index(1)
list.index(9)
list.count(1)
list.sort()
list[0]
list[-1]
list[3]
list[3] is defined
list["x"]
list.0
nested.1.1.0
nested[1][1][0]
list[1.0]
list[true]
nothing.foo
nothing["foo"]
nothing[0]
nothing.foo.bar
seven.foo
seven[0]
text.foo is defined
text.missing
text[0]
text[-1]
text[99]
text["upper"]()
unicode[7]
unicode[-1]
unicode|length
text[1:4]
text[:3]
text[-3:]
text[:-3]
text[::2]
text[::-1]
text[5:2]
text[10:1:-2]
text[100:]
text[-100:3]
text[:100]
text[none:3]
text["a":]
unicode[3:9]
unicode[::-1]
list[::-1]
list[1:]
list[-2:]
list[:1]
list[::0]
list[5:0:-1]
list[-1:-10:-1]
list[:-1]
(1, 2, 3)[1:]
range(10)[2:8:3]|list
nothing[:1]
missing[:1]
record[:1]
seven[:1]
1 < 2
1 < 2 < 3
1 < 3 < 2
3 > 2 > 1
1 < 2 == 2
1 == 1.0
1 == true
0 == false
"1" == 1
none == none
none == missing
missing == missing
missing != missing
missing == ""
[1, 2] == [1, 2]
[1, 2] == (1, 2)
[1, 2] < [1, 3]
(1, 2) < (1, 2, 0)
"a" < "b"
"B" < "a"
"a" < "aa"
"é" > "z"
"a" < 1
none < 1
missing < 1
[1] < [none]
{"a": 1, "b": 2} == {"b": 2, "a": 1}
{"a": 1} < {"b": 2}
1 != 2
1 in [1, 2]
1 not in [1, 2]
not 1 in [1, 2]
"a" in "abc"
"" in "abc"
"d" not in "abc"
1 in "abc"
missing in "abc"
missing in [1]
"a" in missing
"a" in none
"a" in 5
"a" in record
"z" in record
1 in record
[1] in nested
[1, 2] in nested
2.0 in list
true in list
"b" in record.values()
1 in range(3)
1 and 0
1 and 2
0 or "x"
"" or none
none or missing
0 and missing.x
1 or missing.x
true and not false or false
1 if true else 2
1 if false else 2
1 if false
(1 if false) is defined
"x" if missing else "y"
1 if 0 else 2 if 0 else 3
1 if true if false else 5
[1, 2,]
[]
()
(1,)
(1)
(1, 2)
1, 2
{}
{"a": 1, "b": [1, 2], 3: (4,)}
{"a": 1, "a": 2}
{1: "a", 1.0: "b", true: "c"}
{[]: 1}
{(1, 2): 3}[(1, 2)]
{(1, [2]): 3}
{none: 1}[none]
[none, true, false, 1.0, "it's", 'say "x"', missing]
["\n\t\\", "é", "\x00", "\u200b"]
quotes
[quotes]
unicode
[unicode]
blank
[blank]
half
tiny
huge
big
[huge, tiny, half, 1e16, 1e-5, 123.0]
"a" "b" 'c'
"\x41\u00e9\U0001F600"
"\101\7"
"\q"
"\x4"
'a\'b'
text|upper
text|lower
unicode|upper
unicode|lower
unicode|title
unicode|capitalize
"hello wORLD-foo (bar) [baz] {qux} <zip> it's"|title
"hello wORLD-foo it's 3rd"|capitalize
"hELLO wORLD-foo it's 3rd".title()
"hELLO".capitalize()
5|upper
none|upper
missing|upper
blank|trim
"xxaxx"|trim("x")
"xyaxy".strip("yx")
5|trim
missing|trim
text|length
list|length
list|count
5|length
none|length
missing|length
record.keys()|length
(list|map("string"))|length
text|first
text|last
empty|first
empty|first is defined
list|first
list|last
[]|last
5|first
5|last
(list|reverse)|last
(list|reverse)|first
range(3)|last
record.items()|last
missing|first
text|string
5|string
none|string
1.0|string
[1, "a"]|string
missing|string
text|safe
quotes|e
quotes|escape
list|join
list|join(", ")
list|join(0)
words|join(", ", attribute="x")
people|join("/", attribute="name")
people|join("/", "home.city")
[1, none, true, missing]|join(",")
text|join("-")
missing|join
5|join
record|join
missing|default("x")
missing|d("x")
missing|default
none|default("x")
none|default("x", true)
empty|d("x", boolean=true)
zero|d(5, true)
text|replace("l", "L")
text|replace("l", "L", 1)
text|replace("", "-")
text|replace("", "-", 3)
text|replace("zz", "-")
5|replace(5, 6)
none|replace("N", "n")
text.replace("l", "L", 2)
text.replace("o", "")
text.replace("l")
record|tojson
nested|tojson
nested|tojson(indent=2)
record|tojson(indent=4)
{}|tojson(indent=2)
[]|tojson(indent=2)
[[], {}, [1]]|tojson(indent=1)
people|tojson(indent=0)
record|tojson(sort_keys=true)
record|tojson(ensure_ascii=true)
unicode|tojson(true)
record|tojson(separators=(",", ":"))
record|tojson(2)
record|tojson(indent="--")
record|tojson(indent=none)
quotes|tojson
lines|tojson
1|tojson
1.0|tojson
1e22|tojson
none|tojson
true|tojson
missing|tojson
(1, 2)|tojson
{1: 2, none: 3, true: 4, 1.5: 5}|tojson
{(1, 2): 3}|tojson
range(3)|tojson
record.items()|tojson
(list|map("string"))|tojson
record|items|list
missing|items|list
list|items|list
record|dictsort
{"b": 1, "A": 2, "a": 0}|dictsort
{"b": 1, "A": 2}|dictsort(true)
{"b": 1, "A": 2}|dictsort(false, "value")
{"b": 1, "A": 2}|dictsort(reverse=true)
{"b": 1, "A": 2}|dictsort(by="size")
text|list
5|list
record.items()|list
words|sort
words|sort(case_sensitive=true)
words|sort(reverse=true)
words|sort(true, true)
list|sort
mixed|sort
people|sort(attribute="name")|map(attribute="name")|list
people|sort(attribute="age,name")|map(attribute="name")|list
people|sort(attribute="age", reverse=true)|map(attribute="name")|list
people|sort(attribute="home.city")|map(attribute="name")|list
people|sort
words|unique|list
words|unique(true)|list
[1, 1.0, true, 2]|unique|list
[[1], [1]]|unique|list
people|unique(attribute="age")|map(attribute="name")|list
list|reverse|list
text|reverse
record|reverse|list
missing|reverse|list
5|reverse
people|map(attribute="name")|list
people|map(attribute="home.city")|list
people|map(attribute="tags.0")|list
people|map(attribute="tags", default="none")|list
people|map(attribute="zip", default=0)|list
words|map("upper")|list
words|map("replace", "b", "x")|list
words|map("nosuch")|list
words|map|list
words|map(attribute="x", foo=1)|list
list|map("string")|list
[]|map("nosuch")|list
missing|map("upper")|list
people|selectattr("age", "equalto", 30)|map(attribute="name")|list
people|selectattr("tags")|map(attribute="name")|list
people|rejectattr("age", "gt", 26)|map(attribute="name")|list
people|selectattr("tags", "defined")|map(attribute="name")|list
people|selectattr("name", "in", ["Ann", "bob"])|list|length
people|selectattr("age", "==", 30)|list|length
people|rejectattr("tags")|list|length
people|selectattr|list
mixed|select|list
mixed|reject|list
mixed|select("string")|list
mixed|select("number")|list
mixed|reject("none")|list
list|select("odd")|list
list|select("divisibleby", 3)|list
list|reject("gt", 1)|list
list|select("nosuch")|list
list|select("==", 2)|first
(list|select("odd")) is defined
"yes" if list|select("gt", 9) else "no"
list|select("gt", 9)|list|length
"42"|int
"42.9"|int
" 42 "|int
"-4_2"|int
"x"|int
"x"|int(7)
"0x1f"|int(base=16)
"0x1f"|int(0, 16)
"1f"|int(base=16)
"101"|int(base=2)
"0b101"|int(base=2)
"z"|int(base=36)
3.99|int
-3.99|int
true|int
none|int
none|int(5)
missing|int
[]|int
"1e3"|int
"inf"|int
""|int
"3.5"|float
"x"|float
"x"|float(1.5)
"1e400"|float
"-inf"|float
"nan"|float
" 1_0.5 "|float
5|float
none|float
missing|float
true|float
42.55|round
42.55|round(1)
42.5|round
43.5|round
2.675|round(2)
-2.5|round
42.55|round(1, "floor")
42.51|round(1, "ceil")
42|round
1234|round(-2)
1250|round(-2)
1350|round(-2)
1234.5|round(-2)
42|round(1, "ceil")
42.5|round(method="wrong")
"4"|round
-5|abs
-5.5|abs
true|abs
"x"|abs
list|sum
list|sum(start=10)
people|sum(attribute="age")
[]|sum
[1, 2.5]|sum
["a"]|sum
[[1], [2]]|sum(start=[])
list|min
list|max
words|min
words|max
words|max(case_sensitive=true)
[]|max
[]|max is defined
people|max(attribute="age")
people|min(attribute="name")
[1, "a"]|max
lines|indent
lines|indent(2)
lines|indent(2, true)
lines|indent(2, true, true)
lines|indent(">> ", first=true)
lines|indent(width=1, blank=true)
""|indent
5|indent
text|center(20)
"abc"|center(8)
"abcd"|center(9)
"abc".center(8, "*")
"abc".ljust(6) ~ "|"
"abc".rjust(6, ".")
"-42".zfill(6)
"42".zfill(6)
"foo bar baz qux"|truncate(9)
"foo bar baz qux"|truncate(9, true)
"foo bar baz qux"|truncate(11)
"foo bar baz qux"|truncate(11, false, "...", 0)
"foobarbazqux"|truncate(7, leeway=0)
"%s and %d"|format("a", 2)
"%(a)s"|format(a=1)
[1, 2, 3, 4, 5]|batch(2)|list
[1, 2, 3, 4, 5]|batch(2, 0)|list
[1, 2, 3, 4, 5]|slice(2)|list
[1, 2, 3, 4, 5]|slice(3, 0)|list
record|attr("a")
record|attr("get")("a")
text|attr("upper")()
people|groupby("age")|list
people|groupby("home.city")|map("first")|list
people|groupby("home.city", case_sensitive=true)|map(attribute="grouper")|list
people|groupby("zip", default=1)|map("first")|list
text|nosuch
text|upper|lower|title
text|upper()|lower
text is string
5 is string
5 is number
5.0 is number
true is number
5 is integer
true is integer
5.0 is float
5 is float
true is boolean
1 is boolean
none is none
missing is none
missing is defined
missing is undefined
text is defined
text is not defined
text is undefined
record is mapping
list is mapping
list is sequence
text is sequence
record is sequence
5 is sequence
missing is sequence
record.keys() is sequence
(list|map("string")) is sequence
range(3) is sequence
list is iterable
text is iterable
record is iterable
5 is iterable
none is iterable
missing is iterable
record.keys() is iterable
(list|map("string")) is iterable
range is callable
text.upper is callable
text is callable
missing is callable
namespace() is mapping
namespace() is iterable
4 is even
3 is even
3 is odd
4.0 is even
3.5 is odd
-3 is odd
"x" is even
9 is divisibleby 3
9 is divisibleby(2)
9 is divisibleby 0
9 is divisibleby
5 is eq 5
5 is equalto(5)
5 is ne 4
5 is gt 4
5 is ge 5
5 is lt 4
5 is le 5
5 is lessthan 6
5 is greaterthan 6
5 is sameas 5
none is sameas none
list is sameas list
1 is sameas true
5 is in [5]
5 is in(5, 6)
5 is not in [5]
"a" is in "abc"
true is true
1 is true
false is false
0 is false
none is false
"abc" is lower
"aBc" is lower
"ABC1" is upper
"1" is upper
5 is upper
"upper" is filter
"nosuch" is filter
"odd" is test
5 is nosuch
5 is string is string
5 is string or 5 is number
5 is number and text is string
not 5 is string
5 is not string
text is string if yes else 1
5 is divisibleby 5 and true
text.upper()
text.lower()
text.title()
text.split(",")
text.split()
blank.split()
"a,b,,c".split(",")
"a,b,,c".split(",", 1)
"a,b,,c".split(",", maxsplit=2)
"a,b,,c".rsplit(",", 1)
"a,b,,c".rsplit(",")
" a b  c ".split(none, 1)
" a b  c ".rsplit(none, 1)
" a b  c ".split(maxsplit=0)
"".split()
"".split(",")
"abc".split("")
"a-b".split(5)
"  x ".strip() ~ "|"
"  x ".lstrip() ~ "|"
"  x ".rstrip() ~ "|"
"\u3000x\u3000".strip()
"xxaxx".lstrip("x")
"xxaxx".rstrip("x")
"xx".strip("x")
"a".strip(none)
"a".strip(5)
text.startswith("Hell")
text.startswith(("x", "H"))
text.startswith(["x"])
text.startswith("ello", 1)
text.startswith("")
"abc".startswith("", 5)
text.endswith("World")
text.endswith("Wor", 0, -2)
text.endswith(("x", "ld"))
text.find("o")
text.find("o", 5)
text.find("zz")
text.find("")
text.rfind("o")
unicode.find("中")
text.index("W")
text.index("zz")
text.count("l")
text.count("")
text.count("l", 3)
"aaaa".count("aa")
"a,b".partition(",")
"ab".partition(",")
"a,b,c".rpartition(",")
"ab".rpartition(",")
"abc".removeprefix("a")
"abc".removesuffix("bc")
"a\nb\r\nc\n".splitlines()
"a\nb\r\nc\n".splitlines(true)
"a\x0cb\u2028c".splitlines()
", ".join(["a", "b"])
", ".join([1])
", ".join("abc")
", ".join(words|map("lower"))
"".join([])
"abc".isalpha()
"ab1".isalpha()
"ab1".isalnum()
"12".isdigit()
"²".isdigit()
"½".isdigit()
"½".isnumeric()
"".isdigit()
" \t".isspace()
"AB".isupper()
"ab".islower()
"A1".isupper()
"ß".upper()
"İ".lower()
"ΑΣ".lower()
"ǆ".title()
unicode.title()
"ßa ﬁt".title()
"ßA".capitalize()
"ﬁ".upper()
"{} {}".format(1, "a")
"{1} {0} {1}".format(1, "a")
"{a} {b!r}".format(a=1, b="x")
"{0[a]} {0[b]}".format(record)
"{0.a}".format(record)
"{0[1]}".format(list)
"{:>5}|{:<5}|{:^5}|".format("a", "b", "c")
"{:*^7}".format("é")
"{:05d} {:+d} {:,} {:x} {:#x} {:b} {:o} {:X}".format(42, 42, 1234567, 255, 255, 5, 8, 255)
"{:.2f} {:8.3f}| {:e} {:g} {:%}".format(3.14159, 2.5, 12345.678, 0.0001, 0.25)
"{:.3}".format("abcdef")
"{:.3}".format(3.14159)
"{} {}".format(1.0, none)
"{:5}|{:<5}|".format(1, 2)
"{:5}|".format(true)
"{{}} {}".format(1)
"{} {0}".format(1)
"{}".format()
"{a}".format()
"{".format(1)
"}".format(1)
"{:d}".format("a")
"{:>5}".format(none)
"{!x}".format(1)
"%s %r %d" % ("a", "b", 3)
"%s" % 5
"%s" % none
"%s" % (1, 2)
"%s %s" % 5
"%d" % 3.9
"%d" % "x"
"%5d|%-5d|%05d|%+d|% d" % (1, 2, 3, 4, 5)
"%x %X %o %#x" % (255, 255, 8, 255)
"%.2f %8.3f| %e %g %G" % (3.14159, 2.5, 12345.678, 0.00001, 1e20)
"%5.1f|%-8.2f|%08.2f" % (3.14159, 2.5, -2.5)
"%.3s|%5s|%-5s|" % ("abcdef", "a", "b")
"%c%c" % (65, "b")
"%%" % ()
"%(a)s %(b)s" % record
"%(zz)s" % record
"%*d" % (5, 1)
"%.3d" % 5
"%s" % [1, "a"]
"%q" % 1
"%" % 1
"abc" % ()
"abc" % 1
"abc" % record
"%s" % missing
"%i %u" % (1, 2)
"a" % missing
list|truncate(5)
list|truncate(3, leeway=0)
list|truncate(3, end="", leeway=0)
range(5)|list
range(2, 5)|list
range(5, 0, -2)|list
range(0)|list
range(1, 2, 0)
range(100001)
range("a")
range(3)|length
range(3)[1]
dict(a=1, b=2)
dict({"a": 1}, b=2)
dict([("a", 1)])
dict()
record.a
namespace(a=1).a
namespace(a=1)
namespace(a=1).b
namespace({"a": 1}, b=2).b
cycler("a", "b").next()
cycler()
joiner("-")()
strftime_now("%Y")|length
strftime_now("%d %b %Y")|length
strftime_now("")
strftime_now()
raise_exception("a " ~ "reason")
raise_exception()
raise_exception(none)
loop
loop is defined
text(1)
text.upper(1)
text.nosuch()
list.0()
range(a=1)
text|replace
text|upper(1)
text|trim(foo=1)
text|default(default_value=1, default_value=2)
range(*[1, 3])|list
range(*list)
dict(**{"a": 1})
dict(a=1, **{"a": 2})
"{}{}".format(*"ab")
"{a}".format(**{"a": 1})
range(*5)
dict(**5)
f(1
[1, 2
{"a" 1}
1 +
+ 
1 2
a.
a.(b)
a[
a[]
a[1, 2]
"abc
1 === 1
1 =! 2
a ? b
a && b
a | 
a is
not
(1, 2
)
}
{{ 1 }}
true.x
1.x
1.5.x
"a".upper().lower()
[1, 2, 3][1]
{"a": {"b": 1}}.a.b
{"a": 1}["a"]
(1, 2)[0]
(1, 2).count(1)
nested|map("sum")|list
nested|map("first")|map("string")|join("+")
9223372036854775807
9223372036854775807 - 1
-9223372036854775807
1e308 * 10
-1e308 * 10
2 ** 0.5
0 ** 0
0 ** -1
10 ** 15
1.0 ** 5
-0.0
0.0 == -0.0
3 * 0.1
1e400
5 % 2.5
5.0 // 0
""".strip("\n").split("\n")

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
    "{% for x in nested recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}", "{{ 'x' is escaped }}",
    "{{ 9223372036854775808 }}", "{{ list|random }}", "{{ '\\N{BULLET}' }}", "{{ record[1, 2] }}",
]

TEMPLATES = ["{{ " + expression + " }}" for expression in EXPRESSIONS] + STATEMENTS
