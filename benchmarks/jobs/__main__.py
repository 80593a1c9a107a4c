"""`python -m benchmarks.jobs --help`."""

from benchmarks.jobs.run_all import main

main()
