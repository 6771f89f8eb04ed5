"""Turn a report into what each section of report-spec's order shows, one module a section.

Every module has a `view(page)`; its fields are Markdown, ready for the template of the same name.
"""
