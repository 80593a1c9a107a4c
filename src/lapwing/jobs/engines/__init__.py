"""What hands due jobs to workers: in this process, or over a broker."""
