"""`python -m loanbook` is the program `loanbook`."""

from loanbook.cli.app import main

if __name__ == "__main__":
    main()
