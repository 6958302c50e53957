"""Infinite Campus: rosters by OneRoster and by Data Extract files, grades by gradebook and by import file."""
