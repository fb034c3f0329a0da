"""The worker: days are done when they are due, by as many processes as there are, each day once."""
