"""A set of ids that answers like a set and weighs a fraction of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.seen import SeenIds


def test_many_ids_stay_apart_and_light() -> None:
    seen = SeenIds()
    for start in range(0, 100_000, 1_000):
        assert not seen.add_all([f"{number:036d}" for number in range(start, start + 1_000)])
    again = [f"{number:036d}" for number in range(0, 100_000, 97)]
    assert seen.add_all(again) == set(again)
    assert len(seen) == 100_000
    assert sum(run.nbytes for run in seen._runs) == 8 * 100_000
    assert len(seen._runs) < 17


@given(st.lists(st.lists(st.text(max_size=3))))
def test_many_at_once_are_told_which_were_seen(pages: list[list[str]]) -> None:
    seen, plain = SeenIds(), set[str]()
    for page in pages:
        texts = [*dict.fromkeys(page)]
        assert seen.add_all(texts) == plain.intersection(texts)
        plain.update(texts)
        assert len(seen) == len(plain)
