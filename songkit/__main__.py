"""`python -m songkit` is the command `songkit`."""

from songkit.cli import main

main()
