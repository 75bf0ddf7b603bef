"""Records to tables, statistics, figures and pages. No torch."""
