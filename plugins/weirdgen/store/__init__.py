"""The sample store: one SQLite file that keeps everything paid for, shared by workers and by later runs."""
