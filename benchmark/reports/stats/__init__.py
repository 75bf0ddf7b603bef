"""What tables allow to be said: estimates, tests, ranks, reach and cost."""
