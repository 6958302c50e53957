"""Tonight's keys are read a range of ids at a time where they are many: what changed is the same."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.model import Mode
from domain.tables import RosterTable
from sisbridge.house import House
from sisbridge.sync.context import Stage, changes_name
from sisbridge.sync.roster import keys
from sisbridge.sync.roster.compare import compare
from sisbridge.sync.roster.seen import meant
from tests.support.row_nights import Night, RowNights

USERS = [f"u{number}" for number in range(8)]
EVERYONE = frozenset(USERS)
some = st.frozensets(st.sampled_from(USERS), max_size=4)


def landed(stage: Stage, counts: dict[str, int]) -> dict[str, object]:
    """Return what compare left behind: the changes in their order, what is seen, and the counts."""
    changes = {
        table.value: [row for batch in stage.read(changes_name(table)) for row in batch.to_pylist()]
        for table in RosterTable
    }
    return changes | {"counts": counts, "meant": [sorted(meant(stage, t).to_pylist()) for t in RosterTable]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(gone=some, moved=some, held=some, deleted=some, mode=st.sampled_from(Mode))
def test_what_changed_is_the_same_read_whole_or_range_by_range(
    any_house: House,
    monkeypatch: pytest.MonkeyPatch,
    gone: frozenset[str],
    moved: frozenset[str],
    held: frozenset[str],
    deleted: frozenset[str],
    mode: Mode,
) -> None:
    district = RowNights(any_house)
    district.run(Night(EVERYONE))
    rest = EVERYONE - gone - held - deleted
    stage = district.stage(Night(rest, moved=moved, held=held, deleted=deleted, mode=mode))
    whole = landed(stage, compare(stage))
    with monkeypatch.context() as patch:
        patch.setattr(keys, "_ROWS_AT_ONCE", 2)
        patch.setattr(keys, "EVERY", 1)
        assert landed(stage, compare(stage)) == whole
