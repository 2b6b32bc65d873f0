"""`python -m kfast.cli`."""

from kfast.cli import main

main()
