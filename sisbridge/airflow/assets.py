"""The assets that join one Dag to another."""

from __future__ import annotations

from airflow.sdk import Asset

RELEASED_GRADES = Asset(name="released_grades", uri="sisbridge://grades/released", group="sisbridge")
"""Updated when grades were released and wait for delivery. Its events carry no data: the store does."""
