"""Think: pure functions from what a SIS says to what we mean, over Arrow batches and pandas frames."""
