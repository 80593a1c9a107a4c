"""Measures mass runs, or with `jobs` as the first word the ledger of jobs; `python -m benchmarks [jobs] --help`."""

import sys

if sys.argv[1:2] == ["jobs"]:
    from benchmarks.jobs.run_all import main

    main(sys.argv[2:])
else:
    from benchmarks.run_all import main

    main()
