"""Charts over many tasks, one a file: drawing alone, of numbers that are computed elsewhere."""
