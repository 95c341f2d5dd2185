"""The subcommands of `weirdgen`."""
