"""Delimited text of any origin: encodings, lines, records and rows that cannot be read, by their place."""
