"""A school year of small districts with planted disasters: what is held, and whom it removes wrongly."""
