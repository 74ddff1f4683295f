#!/usr/bin/env python3
"""GGUF files that must be refused, one fault each.

usage: make_bad_gguf.py DIR
"""
import pathlib
import struct
import sys

F32, Q4_0 = 0, 2
U32, STRING, ARRAY = 4, 8, 9


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def pair(key: bytes, kind: int, payload: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + payload


def tensor(name: bytes, axes: list[int], kind: int, offset: int) -> bytes:
    return (text(name) + struct.pack("<I", len(axes)) + b"".join(struct.pack("<Q", a) for a in axes)
            + struct.pack("<IQ", kind, offset))


def build(pairs=(), tensors=(), data=b"", magic=b"GGUF", version=3, tensor_count=None, pair_count=None):
    header = magic + struct.pack("<IQQ", version,
                                 len(tensors) if tensor_count is None else tensor_count,
                                 len(pairs) if pair_count is None else pair_count)
    header += b"".join(pairs) + b"".join(tensors)
    return header + bytes(-len(header) % 32) + data


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    arch = pair(b"general.architecture", STRING, text(b"llama"))
    block = bytes(64)
    files = {
        "empty": b"",
        "magic": build(magic=b"GGML"),
        "version-1": build(version=1),
        "big-endian": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
        "huge-tensor-count": build(tensor_count=2**62),
        "huge-pair-count": build(pair_count=2**63),
        "huge-string": build([pair(b"k", STRING, struct.pack("<Q", 2**64 - 1))]),
        "huge-array": build([pair(b"k", ARRAY, struct.pack("<IQ", U32, 2**62))]),
        "nested-array": build([pair(b"k", ARRAY, struct.pack("<IQIQ", ARRAY, 1, U32, 0))]),
        "value-type": build([pair(b"k", 99, b"")]),
        "duplicate-key": build([arch, arch]),
        "key-not-utf8": build([pair(b"\xff\xfe", U32, struct.pack("<I", 1))]),
        "alignment": build([pair(b"general.alignment", U32, struct.pack("<I", 24))]),
        "truncated-header": build([arch], [tensor(b"t", [16], F32, 0)])[:60],
        "five-axes": build([arch], [tensor(b"t", [1] * 5, F32, 0)], block),
        "zero-axis": build([arch], [tensor(b"t", [0], F32, 0)], block),
        "product-overflow": build([arch], [tensor(b"t", [2**33, 2**33], F32, 0)], block),
        "bytes-overflow": build([arch], [tensor(b"t", [2**62], F32, 0)], block),
        "partial-block": build([arch], [tensor(b"t", [33], Q4_0, 0)], block),
        "tensor-type": build([arch], [tensor(b"t", [16], 1000, 0)], block),
        "offset-past-end": build([arch], [tensor(b"t", [16], F32, 64)], block),
        "offset-overflow": build([arch], [tensor(b"t", [16], F32, 2**64 - 32)], block),
        "unaligned": build([arch], [tensor(b"t", [4], F32, 4)], block),
        "overlap": build([arch], [tensor(b"a", [16], F32, 0), tensor(b"b", [8], F32, 32)], block),
        "duplicate-tensor": build([arch], [tensor(b"a", [8], F32, 0), tensor(b"a", [8], F32, 32)], block),
        "truncated-data": build([arch], [tensor(b"t", [16], F32, 0)], block[:63]),
    }
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.gguf").write_bytes(content)


if __name__ == "__main__":
    main()
