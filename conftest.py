"""Load the plugin from this checkout, installed or not."""

pytest_plugins = ["weirdgen.plugin"]
