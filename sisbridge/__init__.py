"""Decide and remember: the store, the use-cases and the doors."""
