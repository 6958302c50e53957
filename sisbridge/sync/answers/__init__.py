"""What a person asks: why, what was, what is open, what it cost."""
