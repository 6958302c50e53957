"""Delimited files under a vendor's own names, by SFTP: what a file layout says is all a vendor brings."""
