"""Loanbook: a lender's files become an audited data mart that people can operate safely."""

__version__ = "0.1.0"
