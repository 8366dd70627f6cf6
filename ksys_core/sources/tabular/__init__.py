"""Tables of readings in text files: wide (one column a tag) or long (one row a reading)."""
