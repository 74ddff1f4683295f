"""ggml's own block encoders, by ctypes, and its decoders as the gguf package has them."""
from __future__ import annotations

import ctypes
import pathlib

import gguf
import llama_cpp
import numpy as np

# What llama.cpp's quantizer writes instead of a type whose super-blocks of 256 do not divide a row.
FALLBACK = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0", "IQ4_XS": "IQ4_NL"}


def _library() -> ctypes.CDLL:
    llama_cpp.llama_backend_init()  # fills ggml's tables of half floats
    folder = pathlib.Path(llama_cpp.__file__).parent / "lib"
    library = ctypes.CDLL(str(folder / "libggml-base.so"))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64,
                                            ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    return library


_GGML = _library()


def fits(name: str, columns: int) -> bool:
    """Whether rows of so many weights are whole blocks of the type."""
    return columns % gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]][0] == 0


def round_trip(name: str, weights: np.ndarray, importance: np.ndarray | None = None) -> tuple[np.ndarray, int]:
    """The float32 matrix encoded, with the importance of each column if given: its decoded values, and the bytes."""
    kind = gguf.GGMLQuantizationType[name]
    rows, columns = weights.shape
    block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    weights = np.ascontiguousarray(weights, np.float32)
    if importance is not None:
        importance = np.ascontiguousarray(importance, np.float32)
        if importance.shape != (columns,):
            raise RuntimeError(f"{name}: want the importance of {columns} columns, got {importance.shape}")
    coded = np.empty((rows, columns // block * block_bytes), np.uint8)
    written = _GGML.ggml_quantize_chunk(int(kind), weights.ctypes.data, coded.ctypes.data, 0, rows, columns,
                                        None if importance is None else importance.ctypes.data)
    if written != coded.nbytes:
        raise RuntimeError(f"{name}: want {coded.nbytes} bytes of {rows} x {columns} weights, got {written}")
    return gguf.dequantize(coded, kind).reshape(rows, columns), written


def matrix_round_trip(kind: str, weights: np.ndarray, broken_rows: str,
                      importance: np.ndarray | None = None) -> tuple[np.ndarray, int, str] | None:
    """As round_trip, with the type in the end; `broken_rows` as formats.Format: None of what is skipped. Of
    blocks that run on over the ends of rows all rows share the importance of their columns."""
    shape = weights.shape
    if not fits(kind, shape[1]):
        if broken_rows == "skip":
            return None
        if broken_rows == "fallback":
            kind = FALLBACK[kind]
        else:
            weights = weights.reshape(1, -1)
            if importance is not None:
                importance = np.tile(importance, shape[0])
    decoded, stored = round_trip(kind, weights, importance)
    return decoded.reshape(shape), stored, kind
