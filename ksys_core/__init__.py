"""What both programs of KSys stand on: domain rules, database store, use cases, field data."""
