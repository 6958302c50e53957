"""Looks for garbage become rare for as long as anyone reads pages, and then are as before."""

from __future__ import annotations

import gc

import pytest

from connectors.garbage import seldom_collected


def test_garbage_is_looked_for_seldom_until_the_last_reader_leaves() -> None:
    usual = gc.get_threshold()
    with seldom_collected():
        with seldom_collected():
            assert gc.get_threshold()[0] > 10 * usual[0]
        assert gc.get_threshold()[0] > 10 * usual[0]
    assert gc.get_threshold() == usual


def test_a_failure_leaves_things_as_they_were() -> None:
    usual = gc.get_threshold()
    with pytest.raises(ValueError, match="moved"), seldom_collected():
        raise ValueError("moved")
    assert gc.get_threshold() == usual
