"""What came of it: rows, a table, a plot."""
