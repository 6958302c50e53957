"""Judges rosters and grades: rules become findings, rows become clean or quarantined."""
