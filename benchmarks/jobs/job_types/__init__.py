"""Job types of the benchmarks, beside those of the tests: no_op (set-based) and book (a row through the ORM)."""
