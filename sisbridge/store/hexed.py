"""Bytes as hexadecimal digits and back, a column at a time: that is how PostgreSQL shows them in text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_MARK = b"\\x"
_DIGITS = np.frombuffer(b"".join(b"%02x" % value for value in range(256)), np.uint8).reshape(256, 2)
_NO_DIGIT = 255


def to_hex(column: pa.Array) -> pa.StringArray:
    """Return bytes (of one length or of many) as `\\x…`; null stays null."""
    if not pa.types.is_fixed_size_binary(column.type):
        return pa.array([_of(value) for value in column.to_pylist()], pa.string())
    width = len(_MARK) + 2 * column.type.byte_width
    texts = np.empty((len(column), width), np.uint8)
    texts[:, : len(_MARK)] = np.frombuffer(_MARK, np.uint8)
    texts[:, len(_MARK) :] = _DIGITS[_bytes(column)].reshape(len(column), width - len(_MARK))
    places = np.arange(len(column) + 1, dtype=np.int32) * width
    whole = pa.StringArray.from_buffers(len(column), pa.py_buffer(places), pa.py_buffer(texts))
    return pc.if_else(column.is_valid(), whole, None) if column.null_count else whole


def from_hex(column: pa.StringArray, kind: pa.DataType) -> pa.Array:
    """Return what `to_hex` was given, as bytes of the type; ValueError where a text is none of its own."""
    if column.null_count or not pa.types.is_fixed_size_binary(kind):
        return pa.array([_back(text) for text in column.to_pylist()], kind)
    width = len(_MARK) + 2 * kind.byte_width
    if pc.any(pc.not_equal(pc.binary_length(column), width)).as_py():
        raise ValueError("bytes of another length")
    texts = np.frombuffer(column.buffers()[2] or b"", np.uint8)[_first(column) :][: len(column) * width]
    values = _VALUES[texts.reshape(-1, width)[:, len(_MARK) :]]
    if (values == _NO_DIGIT).any():
        raise ValueError("not hexadecimal")
    packed = np.ascontiguousarray(values[:, ::2] << 4 | values[:, 1::2])
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(column), [None, pa.py_buffer(packed)])


def _values() -> npt.NDArray[np.uint8]:
    values = np.full(256, _NO_DIGIT, np.uint8)
    for value, digit in enumerate(b"0123456789abcdef"):
        values[digit] = value
    return values


_VALUES = _values()


def _bytes(column: pa.Array) -> npt.NDArray[np.uint8]:
    width = column.type.byte_width
    whole = np.frombuffer(column.buffers()[1] or b"", np.uint8)
    return whole[column.offset * width : (column.offset + len(column)) * width].reshape(-1, width)


def _first(column: pa.StringArray) -> int:
    return int(np.frombuffer(column.buffers()[1] or bytes(4), np.int32)[column.offset])


def _of(value: bytes | None) -> str | None:
    return None if value is None else "\\x" + value.hex()


def _back(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text.removeprefix("\\x"))
