"""The tutorial's own experiment: one attention layer that reconstructs Chinese sentences, and its figures."""
