#!/usr/bin/env python3
"""Writes tests/golden/good/tokenizer: small tokenizers and what Hugging Face's library does with them.

usage: make_tokenizers.py [--out FOLDER] [--random N]

Needs the Python package tokenizers (0.23.3 wrote the committed files).

Each file is {"base": a tokenizer.json, "variants": [{"name", "changes", "cases"}]}: `changes` replaces
members of the base (null takes one away; "model" is changed member by member), a case is {"text", "ids",
"ids_with_special", "decoded", ...} or, for decoding alone, {"ids", "decoded"}. --random adds N random texts
to each variant, for a wider comparison than the one that is committed.
"""
import argparse
import json
import pathlib
import random

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]

LINES = [
    "the cat sat on the mat and the dog sat on the log, isn't that nice?",
    "they've said we'll see what I'd do; you're not the only one who can't.",
    "in 2024 there were 1234567 cats and 89 dogs in the garden of the house",
    "der Hund läuft über die Straße, où est la bibliothèque déjà connue",
    "кот сидел на окне и смотрел на птиц; собака спала под столом",
    "\u4f60\u597d\u4e16\u754c \u5929\u6c14\u5f88\u597d \u5929\u4e0b",
    "if (x == 0) { return x + 1; }  // the end\n\n\tthe next line\n",
    "The Cat The Dog THE END camelCase HTTPServer",
]

TEXTS = [
    "", " ", "  ", "the cat", " the cat", "the  cat   sat", "the cat ", "\tthe\n\ncat \n dog\r\n",
    "I'm you'RE they'Ve we'll it\u017f 'S isn\u2019t", "1 12 123 1234567 \u0664\u0665 \u2162 x\u00b2 \u00bd",
    "camelCase HTTPServer THE End", "caf\u00e9 cafe\u0301 \u00c5 \u212b \ufb01 \u1e9b\u0323",
    "\u0915\u094d\u0937\u093f \u0e01\u0e49\u0e33 \u1100\u1161\u11a8 \uac01",
    "\u4f60\u597d\u4e16\u754c\uff0c\u5929\u6c14\u5f88\u597d\u3002 \u3053\u3093 \ud55c\uad6d\uc5b4",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f1e9\U0001f1ea",
    "a\u00a0b\u2003c\u3000d\u180ee\u0085f\u200bg\u2028h\ufeffi", "x==0 {return; } //... !!! ?? $5 \u20ac3 a_b `c`",
    "\u0130I\u0131i \u03a3\u03c2 \u00df\u1e9e \u212a \u017f", "\u2581the\u2581 cat\u2581\u2581", "\u0000\u0001\u007f\ufffd\U0010ffff",
    "<s>the</s> <mask> cat<mask>", "a<mask>b <mask> <tok>x<tok> the tokword tok. token tok",
    "  <s>  the  </s>  cat  ", "stra\u00dfe STRASSE \u00c9cole E\u0301cole <TOK> <Tok>",
    "line\n  \n   indented\n\n\n", "         the", "the         ", "aaaaaaaaaaaaaaaa thethethethethe",
]

POOL = LINES[0].split() + LINES[1].split() + LINES[4].split() + [
    " ", " ", " ", "  ", "\n", "\t", "\r\n", "\n\n", "\u00a0", "\u3000", "\u2028", "\u0085", "\u180e", "\u200b", "\u2009",
    "'s", "'RE", "'\u017f", "\u2019s", "1", "23", "456", "\u0664", "\u2162", "\u00b2", "\u00e9", "e\u0301", "\u0323", "\u0915\u094d\u0937", "\u212b",
    "\ufb01", "\u0130", "\u03a3", "\u00df", "\u4f60\u597d", "\u3002", "\uff01", "\ud55c\uad6d", "\u1100\u1161", "\U0001f600", "\u200d", "\ufe0f", ".", "!?", "...", "_",
    "-", "$", "\u20ac", "(", ")", "{", "//", "\u2581", "\u2581the", "<s>", "</s>", "<mask>", "<tok>", "<TOK>", "tok", "\u0000", "\ue000", "A",
    "The", "HTTP", "Caf\u00e9", "\u01c5", "\u02b0", "\u0903", "\u20dd", "\u00aa", "<0x41>", "\u00ad", "\u2160", "\u24d0", "\u203f",
]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
          r"|\s+(?!\S)|\s")
# Parts of the expressions that the two engines read differently.
DIALECT = [r"\w+", r"\W+", r"\s+", r"\S+", r"[^\s\w]+", r"[\S]+", r"\h+", r"\d{,2}", r"\d{2}+", r"\d{2}?", r"\bt", r"\B.",
           r"^.", r".$", r"(?m:t.+)", r"[\s-]+", r"[[:alpha:]]+", r"[[:digit:]x]",
           r"\p{Han}+", r"\P{L}+", r"\p{^N}+", r"\p{Cyrillic}", r"(?<=t)h", r"(?i)THE|\x{43A}\u043E", r"a{", r"x*", r"(?=t)",
           r"[^\P{L}a]+", r"\v|\t", r"(t)(h)e"]


def split(pattern, behavior="Isolated", invert=False):
    kind = pattern if isinstance(pattern, dict) else {"Regex": pattern}
    return {"type": "Split", "pattern": kind, "behavior": behavior, "invert": invert}


def byte_level(prefix=False, regex=False, trim=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": regex}


def sequence(kind, *items):
    key = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "post_processor": "processors",
           "decoder": "decoders"}[kind]
    return {kind: {"type": "Sequence", key: list(items)}}


def added(id, content, **flags):
    token = {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
    return token | flags


def template(before, after, ids):
    single = [{"SpecialToken": {"id": t, "type_id": 0}} for t in before] + [{"Sequence": {"id": "A", "type_id": 0}}]
    single += [{"SpecialToken": {"id": t, "type_id": 0}} for t in after]
    special = {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in sorted({*before, *after})}
    return {"type": "TemplateProcessing", "single": single,
            "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": special}


def trained(normalizer, pre_tokenizer, lines=LINES, **options):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(lines * 4, trainers.BpeTrainer(show_progress=False, **options))
    return json.loads(tokenizer.to_str())


def byte_level_file():
    base = trained(None, pre_tokenizers.ByteLevel(False), vocab_size=420,
                   initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    base |= {"pre_tokenizer": byte_level(regex=True), "decoder": byte_level()}
    size = len(base["model"]["vocab"])
    ids = {"<s>": size, "</s>": size + 1, "<mask>": size + 2, "<tok>": size + 3}
    base["added_tokens"] = [added(id, token) for token, id in ids.items()]
    base["added_tokens"][3] |= {"special": False}
    variants = {"plain": {}}
    for name, pattern in [("gpt2", GPT2), ("llama3", LLAMA3), ("qwen2", QWEN2), ("qwen3.5", QWEN35), ("o200k", O200K),
                          ("cl100k", CL100K)]:
        variants["regex " + name] = sequence("pre_tokenizer", split(pattern), byte_level())
    for pattern in DIALECT:
        variants["dialect " + pattern] = sequence("pre_tokenizer", split(pattern), byte_level())
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            variants[f"split {behavior} {invert}"] = sequence("pre_tokenizer", split(r"[ta]", behavior, invert), byte_level())
        variants[f"string {behavior}"] = sequence("pre_tokenizer", split({"String": "th"}, behavior), byte_level())
        variants[f"punctuation {behavior}"] = sequence(
            "pre_tokenizer", {"type": "Punctuation", "behavior": behavior}, byte_level())
    for single in [False, True]:
        variants[f"digits {single}"] = sequence("pre_tokenizer", {"type": "Digits", "individual_digits": single},
                                                byte_level(regex=True))
    variants |= {
        "falcon": sequence("pre_tokenizer", {"type": "Punctuation", "behavior": "Contiguous"}, byte_level(regex=True),
                           {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]")),
        "deepseek": sequence("pre_tokenizer", split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"),
                             split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"),
                             {"type": "Digits", "individual_digits": True}, byte_level()),
        "prefix space": {"pre_tokenizer": byte_level(prefix=True, regex=True)},
        "ignore merges": {"model": {"ignore_merges": True}},
        "no merges": {"model": {"merges": [], "ignore_merges": True}},
        "merges as lines": {"model": {"merges": [" ".join(pair) for pair in base["model"]["merges"]]}},
        "no pre-tokenizer": {"pre_tokenizer": None},
        "byte-level normalizer": {"normalizer": {"type": "ByteLevel"}, "pre_tokenizer": split("\u0120?[^\u0120]+")},
        "template": {"post_processor": template(["<s>"], ["</s>"], ids)},
        "template in a sequence": sequence("post_processor", byte_level(trim=False), template(["<s>", "<s>"], [], ids)),
        "roberta": {"post_processor": {"type": "RobertaProcessing", "sep": ["</s>", ids["</s>"]],
                                       "cls": ["<s>", ids["<s>"]], "trim_offsets": True, "add_prefix_space": False}},
        "bert": {"post_processor": {"type": "BertProcessing", "sep": ["</s>", ids["</s>"]], "cls": ["<s>", ids["<s>"]]}},
    }
    for form in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"]:
        variants["normalizer " + form] = {"normalizer": {"type": form}}
    for left, right in [(True, False), (False, True), (True, True)]:
        variants[f"normalizer strip {left} {right}"] = {
            "normalizer": {"type": "Strip", "strip_left": left, "strip_right": right}}
    variants["normalizer sequence"] = sequence(
        "normalizer", {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
        {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
        {"type": "Replace", "pattern": {"String": "the"}, "content": "a"}, {"type": "Prepend", "prepend": "> "})
    for flag in ["lstrip", "rstrip", "single_word", "normalized"]:
        tokens = [added(ids["<s>"], "<s>"), added(ids["</s>"], "</s>", **{flag: True}),
                  added(ids["<mask>"], "<mask>", **{flag: True}), added(ids["<tok>"], "<tok>", special=False, **{flag: True}),
                  added(ids["<tok>"] + 1, "tok", special=False, **{flag: True})]
        for lower in [False, True]:
            variants[f"added {flag} {'lower' if lower else 'plain'}"] = {
                "added_tokens": tokens, "normalizer": {"type": "Lowercase"} if lower else None}
    variants["added strip both"] = {"added_tokens": [added(ids["<s>"], "<s>", lstrip=True, rstrip=True),
                                                     added(ids["</s>"], "</s>", lstrip=True, rstrip=True)]}
    return base, variants, ids


def byte_fallback_file():
    base = trained(normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]),
                   pre_tokenizers.Split("\u2581", "merged_with_next"), lines=LINES[:3], vocab_size=460,
                   special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)])
    base["model"] |= {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}
    decoder = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    base["decoder"] = json.loads(wrapped(decoders.Sequence(decoder)))["decoder"]
    base["pre_tokenizer"] = None
    base["added_tokens"] = base["added_tokens"][:3]
    ids = {"<unk>": 0, "<s>": 1, "</s>": 2}
    base["post_processor"] = template(["<s>"], [], ids)
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "split": True}
    variants = {"llama2": {}, "no fallback": {"model": {"byte_fallback": False}},
                "no fallback, not fused": {"model": {"byte_fallback": False, "fuse_unk": False}},
                "no unknown": {"model": {"byte_fallback": False, "unk_token": None}}}
    for scheme in ["always", "first", "never"]:
        for cuts in [True, False]:
            changed = metaspace | {"prepend_scheme": scheme, "split": cuts}
            variants[f"metaspace {scheme} {cuts}"] = {"normalizer": None, "pre_tokenizer": changed, "decoder": changed}
    variants["metaspace then fallback"] = {"normalizer": None, "pre_tokenizer": metaspace | {"prepend_scheme": "first"}} | \
        sequence("decoder", {"type": "ByteFallback"}, metaspace | {"prepend_scheme": "first"})
    replace = {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}
    variants |= {
        "decoder strips tokens": sequence("decoder", replace, {"type": "Strip", "content": " ", "start": 1, "stop": 0}),
        "decoder strips end": sequence("decoder", {"type": "Fuse"}, replace,
                                       {"type": "Strip", "content": "e", "start": 0, "stop": 1}),
        "decoder replaces across": sequence("decoder", replace, {"type": "Fuse"}, {
            "type": "Replace", "pattern": {"String": "the c"}, "content": "THE C"}),
        "decoder regex across": sequence("decoder", replace, {"type": "Fuse"}, {
            "type": "Replace", "pattern": {"Regex": "[a-d]+"}, "content": "#"}),
        "decoder regex": sequence("decoder", {"type": "Replace", "pattern": {"Regex": "\u2581+"}, "content": "_"}),
        "decoder fuse": {"decoder": {"type": "Fuse"}},
        "no decoder": {"decoder": None},
        "gemma": {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
                  "pre_tokenizer": split({"String": " "}, "MergedWithPrevious")} |
        sequence("decoder", replace, {"type": "ByteFallback"}, {"type": "Fuse"}),
    }
    return base, variants, ids


def unknown_file():
    base = trained(None, pre_tokenizers.Whitespace(), lines=LINES[:3], vocab_size=260, special_tokens=["[UNK]"])
    base["model"]["unk_token"] = "[UNK]"
    variants = {}
    for fuse in [False, True]:
        variants[f"fuse {fuse}"] = {"model": {"fuse_unk": fuse}}
    for kind in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer", "Punctuation"]:
        variants[kind] = {"pre_tokenizer": {"type": kind} | ({"behavior": "Isolated"} if kind == "Punctuation" else {})}
    variants["delimiter"] = {"pre_tokenizer": {"type": "CharDelimiterSplit", "delimiter": "t"}}
    return base, variants, {"[UNK]": 0}


def wrapped(decoder):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.decoder = decoder
    return tokenizer.to_str()


def compose(base, changes):
    file = dict(base)
    for key, value in changes.items():
        file[key] = base["model"] | value if key == "model" else value
    return file


def is_one_text(tokenizer, ids):
    """Whether every row of byte tokens is valid: the library's U+FFFD per byte is not ours (decode_bytes.cc)."""
    row = b""
    for id in [*ids, None]:
        token = None if id is None else tokenizer.id_to_token(id)
        if token is not None and len(token) == 6 and token.startswith("<0x"):
            row += bytes([int(token[3:5], 16)])
        else:
            try:
                row.decode()
            except UnicodeDecodeError:
                return False
            row = b""
    return True


def decoded(tokenizer, ids, skips):
    """None where the library panics: its Strip does on texts shorter than what it strips."""
    try:
        return tokenizer.decode(ids, skip_special_tokens=skips)
    except BaseException as error:  # PanicException is no Exception
        if type(error).__name__ != "PanicException":
            raise
        return None


def case_of(tokenizer, text, special):
    cases = []
    for parse in [True, False] if any(token in text for token in special) else [True]:
        tokenizer.encode_special_tokens = not parse
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        around = tokenizer.encode(text).ids
        tokenizer.encode_special_tokens = False
        case = {"text": text, "ids": ids, "decoded": decoded(tokenizer, ids, False)}
        if not parse:
            case["parse_special"] = False
        if around != ids:
            case["ids_with_special"] = around
        skipped = decoded(tokenizer, ids, True)
        if skipped != case["decoded"]:
            case["decoded_skip_special"] = skipped
        cases.append({key: value for key, value in case.items() if value is not None})
    return cases


def write(path, made, count):
    base, variants, special = made
    source = random.Random(path.stem)
    entries = []
    for index, (name, changes) in enumerate(variants.items()):
        tokenizer = Tokenizer.from_str(json.dumps(compose(base, changes)))
        texts = list(TEXTS) if index == 0 or count else []
        # The committed files hold all texts for the first variant and those that differ for the others.
        cases = [case for text in texts for case in case_of(tokenizer, text, special)]
        if index and not count:
            cases = [case for text in TEXTS for case in case_of(tokenizer, text, special)
                     if case not in entries[0]["cases"]]
        texts = ["".join(source.choices(POOL, k=source.randrange(1, 14))) for _ in range(count or 3)]
        cases += [case for text in texts for case in case_of(tokenizer, text, special)]
        for _ in range(count or 3):
            ids = [source.randrange(tokenizer.get_vocab_size()) for _ in range(source.randrange(1, 12))]
            if is_one_text(tokenizer, ids):
                text = decoded(tokenizer, ids, False)
                cases += [{"ids": ids, "decoded": text}] if text is not None else []
        entries.append({"name": name, "changes": changes, "cases": cases})
    lines = ['{"base": ' + json.dumps(base, ensure_ascii=True, separators=(",", ":")) + ',', '"variants": [']
    for number, entry in enumerate(entries):
        cases = entry.pop("cases")
        lines.append(json.dumps(entry)[:-1] + ', "cases": [')
        lines += [json.dumps(case) + "," for case in cases[:-1]] + [json.dumps(cases[-1])]
        lines.append("]}" + ("," if number + 1 < len(entries) else ""))
    path.write_text("\n".join(lines + ["]}"]) + "\n", encoding="ascii")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "tests/golden/good/tokenizer")
    parser.add_argument("--random", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name, made in [("byte-level", byte_level_file()), ("byte-fallback", byte_fallback_file()),
                       ("unknown", unknown_file())]:
        write(args.out / f"{name}.json", made, args.random)


if __name__ == "__main__":
    main()
