"""Measures mass runs, or with a first word the ledger of `jobs` or the `screens`; `python -m benchmarks jobs --help`."""

import sys

if sys.argv[1:2] == ["jobs"]:
    from benchmarks.jobs.run_all import main

    main(sys.argv[2:])
elif sys.argv[1:2] == ["screens"]:
    from benchmarks.screens.run_all import main

    sys.exit(main(sys.argv[2:]))
else:
    from benchmarks.run_all import main

    main()
