"""The memory of sisbridge: what it knows of every district, sealed where it must be."""
