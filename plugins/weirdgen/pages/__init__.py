"""The page for people: one file of HTML, made from a run record and texts of samples. Shows verdicts, decides none.

Jinja2 and matplotlib are imported only while a page is made (`extra.missing` says whether they are there).
"""
