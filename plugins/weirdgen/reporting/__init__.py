"""Projections of a run record: properties, JSON, JUnit, tables. Reads verdicts, never decides one."""
