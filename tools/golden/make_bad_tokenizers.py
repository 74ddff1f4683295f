#!/usr/bin/env python3
"""Writes tests/golden/bad/tokenizer, files that must be refused, and fuzz/corpus/tokenizer, seeds that are good.

usage: make_bad_tokenizers.py [ROOT of the repository]

A file of the first kind fails when it is read or at the latest when a text of many "a" is encoded with it. The
fuzz target of the tokenizer starts from all of them; a NUL in a seed divides the file from a text.
"""
import copy
import json
import pathlib
import shutil
import sys

VOCAB = {"a": 0, "b": 1, "ab": 2, "\u2581": 3, "<unk>": 4, "<0x41>": 5, "\u2581a": 6, "t": 7, "h": 8}
BASE = {
    "version": "1.0",
    "added_tokens": [{"id": 9, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False,
                      "normalized": False, "special": True}],
    "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
    "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
              "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
              "vocab": VOCAB, "merges": [["a", "b"], ["\u2581", "a"]]},
}
ABSENT = object()


def changed(**parts):
    """BASE with members changed; "model__vocab" is one of the model."""
    file = copy.deepcopy(BASE)
    for key, value in parts.items():
        *folders, name = key.split("__")
        place = file
        for folder in folders:
            place = place[folder]
        if value is ABSENT:
            del place[name]
        else:
            place[name] = value
    return json.dumps(file, ensure_ascii=False, separators=(",", ":")).encode()


def vocab(**tokens):
    return changed(model__vocab=VOCAB | tokens)


def merges(*list_):
    return changed(model__merges=list(list_))


def added(**flags):
    return changed(added_tokens=[{key: value for key, value in (BASE["added_tokens"][0] | flags).items()
                                  if value is not ABSENT}])


def split(pattern, **more):
    return changed(pre_tokenizer={"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated",
                                  "invert": False} | more)


def nested(key, list_, depth):
    value = {"type": "NFC"}
    for _ in range(depth):
        value = {"type": "Sequence", list_: [value]}
    return changed(**{key: value})


def replace(pattern, content):
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def template(*single, **special):
    return changed(post_processor={"type": "TemplateProcessing", "single": list(single), "pair": [],
                                   "special_tokens": special})


A = {"Sequence": {"id": "A", "type_id": 0}}
S = {"SpecialToken": {"id": "<s>", "type_id": 0}}
GOOD = changed()

BAD = {
    "empty": b"", "not-json": b"{'model': 1}", "list": b"[]", "number": b"1", "two-documents": GOOD + GOOD,
    "cut": GOOD[:-20], "not-utf8": GOOD.replace(b'"ab"', b'"\xff"'), "surrogate": GOOD.replace(b'"ab"', b'"\\ud800"'),
    "low-surrogate": GOOD.replace(b'"ab"', b'"\\udc00"'), "deep": b'{"model":' + b"[" * 50_000,
    "key-twice": GOOD[:-1] + b',"model":{}}', "many-keys": json.dumps({str(n): 0 for n in range(100)}).encode(),
    "no-model": changed(model=ABSENT), "model-list": changed(model=[]),
    "model-unigram": changed(model={"type": "Unigram", "vocab": [["a", -1.5]]}),
    "model-wordpiece": changed(model__type="WordPiece"), "model-type-number": changed(model__type=5),
    "model-key-twice": GOOD.replace(b'"dropout":null', b'"vocab":{}'), "dropout": changed(model__dropout=0.1),
    "prefix": changed(model__continuing_subword_prefix="##"), "suffix": changed(model__end_of_word_suffix="</w>"),
    "fallback-text": changed(model__byte_fallback="yes"), "unk-number": changed(model__unk_token=4),
    "no-vocab": changed(model__vocab=ABSENT), "vocab-list": changed(model__vocab=["a"]), "vocab-empty": changed(model__vocab={}),
    "id-negative": vocab(x=-1), "id-fraction": vocab(x=1.5), "id-text": vocab(x="1"), "id-16m": vocab(x=16_000_000),
    "id-2-31": vocab(x=2**31), "id-2-64": vocab(x=2**64), "id-twice": vocab(x=0),
    "token-twice": GOOD.replace(b'"b":1', b'"a":1'), "newline-twice": GOOD.replace(b'"b":1', b'"\\n":1,"\\n":20'),
    "no-merges": changed(model__merges=ABSENT), "merge-one-part": merges("ab"), "merge-three-parts": merges("a b t"),
    "merge-number": merges(5), "merge-pair-of-one": merges(["a"]), "merge-pair-of-three": merges(["a", "b", "t"]),
    "merge-pair-number": merges(["a", 1]), "merge-left-unknown": merges("x b"), "merge-right-unknown": merges("a x"),
    "merge-whole-unknown": merges("b a"),
    "unk-unknown": changed(model__unk_token="<none>", model__vocab={"b": 1}, model__merges=[]),
    "added-object": changed(added_tokens={}), "added-text": changed(added_tokens=["<s>"]), "added-no-id": added(id=ABSENT),
    "added-id-negative": added(id=-1), "added-id-huge": added(id=2**40), "added-id-of-other": added(id=1),
    "added-two-ids": added(content="ab"), "added-no-content": added(content=ABSENT), "added-flag": added(special="yes"),
    "added-long": added(content="<" * 5000),
    "normalizer-text": changed(normalizer="NFC"), "normalizer-no-type": changed(normalizer={}),
    "normalizer-precompiled": changed(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    "normalizer-bert": changed(normalizer={"type": "BertNormalizer", "lowercase": True}),
    "normalizer-deep": nested("normalizer", "normalizers", 40), "replace-no-pattern": changed(normalizer={"type": "Replace"}),
    "replace-two-patterns": changed(normalizer={"type": "Replace", "content": "", "pattern": {"String": "a", "Regex": "b"}}),
    "replace-grows": changed(normalizer={"type": "Sequence", "normalizers": [replace("a", "a" * 100)] * 50}),
    "strip-flag": changed(normalizer={"type": "Strip", "strip_left": 1}),
    "pre-unknown": changed(pre_tokenizer={"type": "UnicodeScripts"}),
    "pre-many": changed(pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}] * 5000}),
    "pre-not-list": changed(pre_tokenizer={"type": "Sequence", "pretokenizers": {}}),
    "split-behavior": split("a", behavior="Other"), "split-no-behavior": split("a", behavior=None),
    "digits-flag": changed(pre_tokenizer={"type": "Digits", "individual_digits": "yes"}),
    "metaspace-two": changed(pre_tokenizer={"type": "Metaspace", "replacement": "__"}),
    "metaspace-scheme": changed(pre_tokenizer={"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"}),
    "metaspace-contradicts": changed(pre_tokenizer={"type": "Metaspace", "replacement": "_", "prepend_scheme": "first",
                                                    "add_prefix_space": False}),
    "regex-open": split("(a"), "regex-close": split("a)"), "regex-class": split("[a"), "regex-escape": split("a\\"),
    "regex-range": split("[b-a]"), "regex-property": split(r"\p{Nothing}"), "regex-property-open": split(r"\p{L"),
    "regex-intersection": split("[a-z&&[^b]]"), "regex-nested-class": split("[a[b]]"), "regex-callout": split("(*FAIL)"),
    "regex-limit": split("(*LIMIT_MATCH=4294967295)(a+)+$"), "regex-recursion": split("(?R)a"), "regex-call": split(r"(a)\g<1>"),
    "regex-absent": split("(?~ab)"), "regex-look-behind": split("(?<=a*)b"), "regex-huge": split("((a{1000}){1000}){1000}"),
    "regex-steps": split("(a+)+[x-z]"), "regex-steps-lazy": split("(a+?)+?(a+)+[x-z]"), "regex-nested": split("(" * 300 + "a" + ")" * 300),
    "regex-byte": split(r"\xff"), "regex-code": split(r"\x{110000}"), "regex-surrogate": split(r"\x{d800}"),
    "regex-interval": split("a{99999}"), "regex-name": split("(?<n"), "regex-option": split("(?W)a"),
    "post-unknown": changed(post_processor={"type": "Other"}), "template-no-text": template(S, **{"<s>": {"ids": [9]}}),
    "template-text-twice": template(A, A), "template-text-b": template({"Sequence": {"id": "B", "type_id": 0}}),
    "template-no-ids": template(S, A), "template-id-negative": template(S, A, **{"<s>": {"ids": [-1]}}),
    "template-other": template({"Other": {}}, A), "template-text": template("A"),
    "roberta-no-id": changed(post_processor={"type": "RobertaProcessing", "sep": ["</s>"], "cls": ["<s>", 1]}),
    "two-templates": changed(post_processor={"type": "Sequence", "processors": [
        {"type": "TemplateProcessing", "single": [A], "special_tokens": {}}] * 2}),
    "decoder-unknown": changed(decoder={"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|"}),
    "decoder-strip-negative": changed(decoder={"type": "Strip", "content": " ", "start": -1, "stop": 0}),
    "decoder-strip-two": changed(decoder={"type": "Strip", "content": "ab", "start": 1, "stop": 0}),
    "decoder-many": changed(decoder={"type": "Sequence", "decoders": [{"type": "Fuse"}] * 1000}),
}

TEXT = "\0 a\u2581ab <s> that\t\u00e9\U0001f600 'll 12".encode()
METASPACE = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True}
SEEDS = {
    "plain": GOOD,
    "llama2": changed(normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
                                                                      replace(" ", "\u2581")]},
                      decoder={"type": "Sequence", "decoders": [replace("\u2581", " "), {"type": "ByteFallback"}, {"type": "Fuse"},
                                                                {"type": "Strip", "content": " ", "start": 1, "stop": 1}]},
                      model__byte_fallback=True, model__fuse_unk=True, model__merges=["a b", "\u2581 a"]) + TEXT,
    "byte-level": changed(pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"},
        {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True}]}, decoder={"type": "ByteLevel"},
        normalizer={"type": "NFC"}, model__ignore_merges=True) + TEXT,
    "split": split(r"(?i:'s|'ll)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+") + TEXT,
    "split-words": split(r"\b[\w\S-]+?|\h{,2}|[[:alpha:]]\d+|(?m:.)$") + TEXT,
    "metaspace": changed(pre_tokenizer=METASPACE, decoder=METASPACE) + TEXT,
    "added": changed(normalizer={"type": "Lowercase"}, added_tokens=[
        {"id": 9, "content": "<s>", "lstrip": True, "rstrip": True, "special": True},
        {"id": 10, "content": "that", "single_word": True, "normalized": True}]) + TEXT,
    "template": template(S, A, S, **{"<s>": {"id": "<s>", "ids": [9, 9], "tokens": ["<s>"]}}),
    "words": changed(pre_tokenizer={"type": "Whitespace"}, normalizer={"type": "Sequence", "normalizers": [
        {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Strip", "strip_left": True, "strip_right": True}]},
        decoder={"type": "Replace", "pattern": {"Regex": "a+"}, "content": "b"}) + TEXT,
}


def write(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_bytes(content)


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    write(root / "tests/golden/bad/tokenizer", BAD)
    write(root / "fuzz/corpus/tokenizer", SEEDS)


if __name__ == "__main__":
    main()
