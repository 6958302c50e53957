"""What Airflow shows of us among its providers (entry point group `apache_airflow_provider`)."""

from __future__ import annotations

from importlib.metadata import version


def get_provider_info() -> dict[str, object]:
    """Return our card: package, name, description, version. Imports nothing of Airflow."""
    return {
        "package-name": "sisbridge",
        "name": "sisbridge",
        "description": "Rosters in from many school districts, grades out with receipts.",
        "versions": [version("sisbridge")],
    }
