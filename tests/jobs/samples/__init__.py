"""An app as somebody else might install it: a table, and job types of each kind of handler that the tests steer."""
