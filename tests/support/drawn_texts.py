"""What a picture says."""

import re


def drawn_texts(svg: str) -> list[str]:
    """Return the texts of a picture: matplotlib names what it draws as outlines in comments."""
    return [text.strip() for text in re.findall(r"<!--(.*?)-->", svg, re.DOTALL)]
