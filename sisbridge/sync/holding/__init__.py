"""What waits for a person: why, for how long, and what was decided."""
