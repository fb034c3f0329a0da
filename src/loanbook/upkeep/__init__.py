"""What keeps a book in health beside its daily work: backups, upgrades, retention, diagnosis."""
