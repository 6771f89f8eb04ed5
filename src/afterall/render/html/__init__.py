"""Write RESULTS.html: the report as one page that needs nothing but itself."""

OURS = b'<meta name="generator" content="afterall">'
"""What a page of ours says near its start."""
