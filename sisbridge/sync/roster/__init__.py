"""One district's roster from its SIS to the roster of record: the stages of a night before the seats."""
