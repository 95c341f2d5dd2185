"""Model organisms: small real networks, their world and training, and the server that runs them."""
