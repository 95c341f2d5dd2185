"""Statistics: numbers in, results out. No I/O, and nothing of weirdgen but its errors."""
