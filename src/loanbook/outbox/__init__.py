"""Letters on their way: the queue in the database, and who carries them."""
