"""The data mart: staged batches are promoted, and what came of them can be seen."""

from loanbook.mart.promotion import Promoted, Total, load, promote, waiting

__all__ = ["Promoted", "Total", "load", "promote", "waiting"]
