"""Staging: files become sealed batches, each line of a file accounted for by its number."""
