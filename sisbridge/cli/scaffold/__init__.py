"""A new connector as files to begin from: what it is made of, and the tests it has to keep green."""
