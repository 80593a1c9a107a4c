"""The others: Celery, Procrastinate, and statements by hand."""
