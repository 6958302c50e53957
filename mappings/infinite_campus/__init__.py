"""Infinite Campus's Data Extract files under Campus's own names, as maps to the canonical roster."""
