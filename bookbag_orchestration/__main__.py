"""`python -m bookbag_orchestration` is the `bookbag` command."""

from bookbag_orchestration.cli import main

main()
