"""What a person may do to records, one file a sort of record."""
