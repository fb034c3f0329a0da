"""Sources: files of other makers are fetched, once and whole, and turned into files like ours."""
