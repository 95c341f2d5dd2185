"""OpenAI-compatible endpoints: how they are named, which key they get, one attempt at a completion, who answers."""
