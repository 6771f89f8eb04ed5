"""Turn one walk of a set into its layout: experiments and what belongs to each.

Invariant: pure but for `scripts` and `job_records`, which read the heads of a few files.
"""
