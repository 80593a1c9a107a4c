"""`python -m lapwing.cli` is the `lapwing` command."""

from lapwing.cli.main import main

main()
