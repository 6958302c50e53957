"""PowerSchool's tables as a dialect: its columns, its codes, and what its signs and dates mean."""
