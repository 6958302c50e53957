"""The words everyone in the house uses; standard library only."""
