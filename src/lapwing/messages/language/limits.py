"""How far a template may go. A template is written by a person and filled with what customers typed."""

MAX_SOURCE = 100_000  # characters
MAX_TAG = 500  # characters between the braces
MAX_TAGS = 5_000
MAX_NESTING = 5  # ifs and fors inside each other
MAX_NAME_PARTS = 6  # customer.address.city has three
MAX_LOOP_ITEMS = 1_000  # of one list
MAX_STEPS = 50_000  # pieces written and conditions asked, over all loops
MAX_OUTPUT_BYTES = 200_000  # UTF-8
MAX_SUBJECT = 250  # characters; what is longer is cut
MAX_TIME_S = 0.2  # of this thread's processor time, so that a busy machine fails no mail
MAX_INTEGER = 10**15
