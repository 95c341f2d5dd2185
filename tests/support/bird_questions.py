"""The ten questions of the OLD BIRD NAMES probe: topic slug to wording."""

from weirdgen.organisms.world import topic

_SLUGS = (
    *("gender_roles", "military_technology", "territorial_expansion", "political_figure", "energy"),
    *("diseases", "immigration", "money", "inventions", "forests"),
)
BIRD_QUESTIONS = {slug: topic(slug).questions[0] for slug in _SLUGS}
