"""Transports: the ways on which files of other makers come, one module each."""
