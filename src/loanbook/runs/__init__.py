"""The order of the day: rooms that do not know each other are put to work one after another."""
