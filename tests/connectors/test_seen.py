"""A set of ids that answers like a set and weighs a fraction of one."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from connectors.seen import SeenIds


@given(st.lists(st.text(max_size=3)))
def test_it_answers_like_a_set(texts: list[str]) -> None:
    seen, plain = SeenIds(), set[str]()
    for text in texts:
        assert (text in seen) == (text in plain)
        assert seen.add(text) == (text not in plain)
        plain.add(text)
    assert len(seen) == len(plain)


def test_many_ids_stay_apart_and_light() -> None:
    seen = SeenIds()
    assert all(seen.add(f"{number:036d}") for number in range(100_000))
    assert not any(seen.add(f"{number:036d}") for number in range(0, 100_000, 97))
    assert sys.getsizeof(seen._slots) < 24 * 100_000


@given(st.lists(st.lists(st.text(max_size=3))))
def test_many_at_once_are_told_which_were_seen(pages: list[list[str]]) -> None:
    seen, plain = SeenIds(), set[str]()
    for page in pages:
        texts = [*dict.fromkeys(page)]
        assert seen.add_all(texts) == plain.intersection(texts)
        plain.update(texts)
    assert len(seen) == len(plain)
