"""The numbers of exact claims, one file a subject. Each function returns a value for each criterion of its claim."""
