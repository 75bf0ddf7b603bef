"""The claims ledger: published sentences about position encodings, and what this benchmark measures of them.

claim.py      the contract: a sentence, its source, criteria, and the evidence that settles it
families/     the claims, one file a subject
measures/     the numbers of exact claims, one file a subject; the only part that loads torch
registry.py   every claim by id, and a user's own file
evidence.py   trained models: values by seed, from records
measuring.py  exact values: measured once, kept as records
judging.py    values -> verdicts
"""
