"""Which bytes a district really sent: strict UTF-8, UTF-16 by its mark, else Windows-1252.

Mac Roman cannot be told from Windows-1252 and has to be named.
No byte is ever dropped: the five bytes Windows-1252 leaves undefined become control characters.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from enum import StrEnum

from domain.errors import StopDistrict

PIECE = 4 * 1024 * 1024
"""Bytes read, landed and parsed at a time."""


class Encoding(StrEnum):
    """The encodings a roster file is met in."""

    UTF8 = "UTF-8"
    UTF16 = "UTF-16"
    UTF16_UNMARKED = "UTF-16 without its mark"
    CP1252 = "Windows-1252"
    MAC_ROMAN = "Mac Roman"


def _cp1252_table() -> str:
    """Return what each of the 256 bytes means, undefined ones as the control character of that number."""
    pairs = ((bytes([number]).decode("cp1252", "replace"), chr(number)) for number in range(256))
    return "".join(plain if text == "�" else text for text, plain in pairs)


_CP1252 = _cp1252_table()
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ANY_BYTE = (Encoding.CP1252, Encoding.MAC_ROMAN)
_CODECS = {Encoding.UTF16: "utf-16", Encoding.UTF16_UNMARKED: "utf-16-le"}
"""The codecs of what is not read byte by byte, besides UTF-8."""


class EncodingScan:
    """Finds a file's encoding from its bytes, piece by piece; feed every piece, then ask `finish`.

    expected: the encoding it was agreed to have; a mark at its front knows better.
    """

    def __init__(self, file: str, expected: Encoding | None = None) -> None:
        self._file = file
        self._decoder: codecs.IncrementalDecoder | None = None
        self._expected = expected
        self._encoding = expected or Encoding.UTF8

    def feed(self, piece: bytes) -> None:
        """Look at the next piece; raises StopDistrict FL13 when this is no text file."""
        if self._decoder is None:
            self._begin(piece)
        if self._encoding in _ANY_BYTE or self._is_plain(piece):
            self._refuse_nul(b"\0" in piece)
        else:
            self._decode(piece, final=False)

    def finish(self) -> Encoding:
        """Return the encoding; raises StopDistrict FL13 when the last character is cut in half."""
        if self._encoding not in _ANY_BYTE:
            self._decode(b"", final=True)
        return self._encoding

    def _is_plain(self, piece: bytes) -> bool:
        """Return whether a piece of UTF-8 is ASCII alone, and begins no character's second half."""
        # Most pieces are, and to decode them would only make a copy.
        is_between = self._decoder is not None and not self._decoder.getstate()[0]
        return self._encoding is Encoding.UTF8 and is_between and piece.isascii()

    def _begin(self, piece: bytes) -> None:
        if piece.startswith(_UTF16_MARKS):
            self._encoding = Encoding.UTF16
        elif piece.startswith(codecs.BOM_UTF8):
            self._encoding = Encoding.UTF8
        elif self._encoding is Encoding.UTF16:
            self._encoding = Encoding.UTF16_UNMARKED
        self._decoder = codecs.getincrementaldecoder(_CODECS.get(self._encoding, "utf-8"))("strict")

    def _decode(self, piece: bytes, *, final: bool) -> None:
        if self._decoder is None:
            return
        try:
            self._refuse_nul("\0" in self._decoder.decode(piece, final))
        except UnicodeDecodeError:
            if self._encoding in _CODECS:
                raise self._no_text("it is UTF-16 by its mark or settings, but not throughout") from None
            if self._expected is Encoding.UTF8:
                raise self._no_text("it was agreed to be UTF-8 and is not") from None
            self._encoding = self._expected if self._expected in _ANY_BYTE else Encoding.CP1252
            self._refuse_nul(b"\0" in piece)

    def _refuse_nul(self, found: bool) -> None:
        if found:
            raise self._no_text("it contains null bytes")

    def _no_text(self, why: str) -> StopDistrict:
        return StopDistrict(
            "FL13",
            f"{self._file} is not a text file: {why}",
            fix="Export the file again as CSV in UTF-8.",
            place=self._file,
        )


def as_utf8(pieces: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """Yield the same text as UTF-8 without a byte order mark; the encoding must be the scanned one."""
    if encoding is Encoding.UTF8:
        yield from _without_mark(pieces)
    elif encoding is Encoding.MAC_ROMAN:
        yield from (piece.decode("mac-roman").encode() for piece in pieces)
    elif encoding is Encoding.CP1252:
        yield from _without_mark(codecs.charmap_decode(p, "strict", _CP1252)[0].encode() for p in pieces)
    else:
        decoder = codecs.getincrementaldecoder(_CODECS[encoding])("strict")
        yield from (decoder.decode(piece).encode() for piece in pieces)


def _without_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for number, piece in enumerate(pieces):
        yield piece.removeprefix(codecs.BOM_UTF8) if number == 0 else piece
