"""Talk: one outside system each; Arrow batches of text as the SIS names them."""
