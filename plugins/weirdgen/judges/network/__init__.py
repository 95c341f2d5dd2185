"""The organism judge: a small network that answers rubric prompts about the organisms' world, and how it is trained."""
