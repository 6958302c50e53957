"""A district's own grade scale: which letter a percent is, under its rounding rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

from domain.errors import StopDistrict

_ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "floor": ROUND_FLOOR}
_ROUNDING_NAMES = ("none", *_ROUNDINGS)
_SETTINGS = ("bands", "rounding", "places", "version")
_MOST_PLACES = 4
_FIX = "Correct the district's grade scale, for example bands A 93, B 83, F 0 with rounding none."


@dataclass(frozen=True, slots=True)
class Scale:
    """Bands from the highest minimum down; the version names this very content.

    minimum: the lowest percent of a band, inclusive. rounding and places: how a percent is rounded
    before it is looked up ("none" looks it up as it is). The last band has no lower end.
    """

    version: str
    bands: tuple[tuple[Decimal, str], ...]
    rounding: str = "none"
    places: int = 0

    @property
    def letters(self) -> frozenset[str]:
        """Return the letters the scale can give."""
        return frozenset(letter for _, letter in self.bands)


def scale_from(settings: object) -> Scale:
    """Return the scale a district's settings describe.

    bands: {letter: lowest percent}; rounding: none (the default), half_up, half_even or floor;
    places: decimals kept by the rounding (0 by default); version: its name, else a short digest of
    the content. Raises StopDistrict CF32 when letters would be missing or contradictory.
    """
    if not isinstance(settings, Mapping):
        raise _bad("The grade scale is no table of settings.")
    unknown = sorted(set(map(str, settings)) - set(_SETTINGS))
    if unknown:
        raise _bad(f"The grade scale has unknown settings: {', '.join(unknown)}.")
    bands = _bands(settings.get("bands"))
    rounding, places = _rounding(settings.get("rounding", "none")), _places(settings.get("places", 0))
    version = settings.get("version") or _digest(bands, rounding, places)
    return Scale(str(version), bands, rounding, places)


def letter(scale: Scale, percent: Decimal) -> str:
    """Return the letter of a percent: that of the highest band it reaches after rounding."""
    rounded = _rounded(scale, percent)
    return next((name for minimum, name in scale.bands if rounded >= minimum), scale.bands[-1][1])


def one_decimal(percent: Decimal) -> Decimal:
    """Return a percent with one decimal, half rounded up: what is sent and compared."""
    return percent.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _rounded(scale: Scale, percent: Decimal) -> Decimal:
    if scale.rounding == "none":
        return percent
    return percent.quantize(Decimal(1).scaleb(-scale.places), _ROUNDINGS[scale.rounding])


def _bands(value: object) -> tuple[tuple[Decimal, str], ...]:
    if not isinstance(value, Mapping) or not value:
        raise _bad("The grade scale has no bands.")
    bands = sorted(((_minimum(name, lowest), str(name)) for name, lowest in value.items()), reverse=True)
    minimums = [minimum for minimum, _ in bands]
    if len(set(minimums)) < len(minimums):
        raise _bad("Two letters of the grade scale begin at the same percent.")
    if minimums[-1] > 0:
        raise _bad(f"The grade scale has no letter for percents below {minimums[-1]}.")
    return tuple(bands)


def _minimum(name: object, value: object) -> Decimal:
    try:
        minimum = Decimal(str(value))
    except InvalidOperation:
        minimum = Decimal("NaN")
    if isinstance(value, bool) or not minimum.is_finite() or not str(name).strip():
        raise _bad(f"The grade scale's letter {name} has no percent to begin at.")
    return minimum


def _rounding(value: object) -> str:
    if value not in _ROUNDING_NAMES:
        raise _bad(f"The grade scale's rounding is none of {', '.join(_ROUNDING_NAMES)}.")
    return str(value)


def _places(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_PLACES:
        raise _bad(f"The grade scale's places are no whole number from 0 to {_MOST_PLACES}.")
    return value


def _digest(bands: tuple[tuple[Decimal, str], ...], rounding: str, places: int) -> str:
    exact = [[format(minimum.normalize(), "f"), name] for minimum, name in bands]
    content = json.dumps([exact, rounding, places if rounding != "none" else 0])
    return hashlib.blake2b(content.encode(), digest_size=6).hexdigest()


def _bad(message: str) -> StopDistrict:
    return StopDistrict("CF32", message, fix=_FIX)
