"""How fast a night is and how much memory it takes: made data, measured stages, yardsticks beside them."""
