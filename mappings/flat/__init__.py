"""Plain CSV files: the names to use where a district may choose them; its column map renames the rest."""
