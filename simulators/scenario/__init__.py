"""Three nights of four districts on third-party rosters, planned to the row: the demo's data."""
