"""Two results folders or reports against each other."""
