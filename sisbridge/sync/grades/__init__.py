"""A grade's way out, from a teacher's file to its receipt."""
