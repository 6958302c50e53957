"""Outside systems that behave worse than any one we have met."""
