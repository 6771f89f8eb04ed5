"""Render a report to its documents, in memory: words for facts, sections, tables; `documents` has the whole.

Invariant: pure; the same report, settings, notes and templates give the same bytes.
"""
