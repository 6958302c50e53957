"""The check's steps under the name they had; `connectors.check_steps` is where they are."""

from connectors.check_steps import Step, run_steps

__all__ = ["Step", "run_steps"]
