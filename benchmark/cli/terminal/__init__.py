"""What verbs share on the terminal: tables, progress, summaries and options."""
