"""A calibrated portfolio of any size: the three files a lender would deliver, and the next days'.

Importing this package costs nothing; numpy is needed only when `write` runs.
"""

from loanbook.demo.files import Written, write
from loanbook.demo.lender import PAYEE, TEAM

__all__ = ["PAYEE", "TEAM", "Written", "write"]
