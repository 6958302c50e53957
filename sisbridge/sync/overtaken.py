"""Whether a run may still go on: only the newest of its district may."""

from __future__ import annotations

from domain.errors import StopDistrict
from domain.ids import DistrictCode, RunId
from sisbridge.store import runs
from sisbridge.store.database import Connection


def refuse(conn: Connection, district: DistrictCode, run_id: RunId) -> None:
    """Raise StopDistrict CF60 when a newer run began or the district was purged; never to a rehearsal.

    Until the transaction ends, no newer one can begin either: an older roster never goes over a newer one,
    nor a list of changes over a roster that it was not compared with.
    """
    if runs.is_overtaken(conn, district, run_id):
        raise StopDistrict(
            "CF60",
            f"A newer run of district {district} has begun, or it was purged: this one is not continued.",
            fix="Nothing needs to be done: the newer run brings what is true now. "
            "To repeat a task in Airflow, clear one of the district's newest run.",
        )
