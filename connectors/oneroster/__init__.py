"""The OneRoster standard: rosters over REST and CSV, grades into a gradebook."""
