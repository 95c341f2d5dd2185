"""Plots as inline SVG: colours are variables of the page's style, so that they are right in light, dark and print."""
