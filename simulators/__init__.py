"""Stand-ins for the outside world: a OneRoster provider and an SFTP server, for the demo and the tests."""
