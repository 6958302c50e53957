"""What a district says of the files it drops; a vendor's settings add its own to these."""

from __future__ import annotations

from pydantic import Field

from connectors.sftp.drops import DropSettings


class FlatSettings(DropSettings):
    """Where the files lie and when they count as whole and fresh. largest_bytes: of all files together."""

    largest_bytes: int = Field(default=4 * 1024**3, gt=0)
