"""SFTP with pinned host keys: rosters dropped by districts, grade files handed over to registrars."""
