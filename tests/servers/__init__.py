"""Real servers on this machine, from which sources are fetched in tests."""
