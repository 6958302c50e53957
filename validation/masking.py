"""How a value may be shown: its shape only."""

from __future__ import annotations

from unicodedata import category

_LONGEST = 24

HIDDEN = "(hidden)"
"""What stands for a personal value, whose very length says too much."""


def mask(value: str | None) -> str:
    """Return a value's shape: letters x, digits 9, the rest as it stands, cut at 24 characters."""
    return "".join(_hide(character) for character in (value or "")[:_LONGEST])


def shown_code(value: str | None) -> str:
    """Return a code in clear, cut at 24 characters: a code that nobody can read nobody can map."""
    return (value or "")[:_LONGEST]


def _hide(character: str) -> str:
    if character.isalpha() or category(character).startswith("M"):
        return "x"
    return "9" if character.isnumeric() else character
