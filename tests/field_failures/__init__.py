"""Failures other people met in the field, each a test that bears its number; see docs/field-failures.md."""
