"""One client: registered, amended, denied, found, and looked at as it is or as it was."""

from loanbook.clients.acts import Upserted, amend, deny, register, reinstate, upsert
from loanbook.clients.overview import Exposure, Held, Movement, Overview, Told, overview
from loanbook.clients.search import Found, Page, find
from loanbook.clients.seen import Client, at, get, history

__all__ = [
    "Client",
    "Exposure",
    "Found",
    "Held",
    "Movement",
    "Overview",
    "Page",
    "Told",
    "Upserted",
    "amend",
    "at",
    "deny",
    "find",
    "get",
    "history",
    "overview",
    "register",
    "reinstate",
    "upsert",
]
