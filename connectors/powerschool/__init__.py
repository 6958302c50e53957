"""PowerSchool SIS: rosters in and grades out, each by the way a district allows."""
