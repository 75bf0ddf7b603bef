"""The claims, one file a subject. A claim that is assigned to a name in one of these files is part of the ledger."""
