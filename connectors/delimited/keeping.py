"""Land the bytes of a file as they are, find the encoding they are in, and read them back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from connectors.delimited.encoding import Encoding, EncodingScan
from connectors.protocol import Landing
from domain.ahead import THREADS, ahead


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file in a landing: its name there, how many pieces, their encoding, their digest in hex."""

    name: str
    count: int
    encoding: Encoding
    sha256: str
    landing: Landing = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes piece by piece, the next one fetched ahead."""
        names = (_name(self.name, number) for number in range(self.count))
        return (piece for _, piece in ahead(names, self.landing.fetch, threads=1))


def keep(name: str, pieces: Iterable[bytes], landing: Landing, scan: EncodingScan) -> LandedFile:
    """Land a file's pieces, all of them by the time this returns, and scan them.

    Pieces are sealed side by side, and hashed one after another, while the next are read. Raises as
    `EncodingScan` does; the piece that is no text has landed then too.
    """
    count, digest = 0, hashlib.sha256()
    # Not a piece lands after this has ended, even by a failure: the name may be used again.
    with ThreadPoolExecutor(THREADS) as pool:
        hashed = (piece for piece, _ in ahead(pieces, digest.update, threads=1))
        landed = ahead(enumerate(hashed), lambda one: landing.keep(_name(name, one[0]), one[1]), pool)
        for (_, piece), _ in landed:
            scan.feed(piece)
            count += 1
    return LandedFile(name, count, scan.finish(), digest.hexdigest(), landing)


def _name(name: str, number: int) -> str:
    return f"{name}/{number:06d}.raw"
