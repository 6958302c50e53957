"""Bytes from the hexadecimal digits as which PostgreSQL shows them in text, a column at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_MARK = b"\\x"
_NO_DIGIT = 255


def from_hex(column: pa.StringArray, kind: pa.DataType) -> pa.Array:
    """Return what was shown as `\\x…`, as bytes of the type; null stays. ValueError for any other text."""
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


def _first(column: pa.StringArray) -> int:
    return int(np.frombuffer(column.buffers()[1] or bytes(4), np.int32)[column.offset])


def _back(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text.removeprefix("\\x"))
