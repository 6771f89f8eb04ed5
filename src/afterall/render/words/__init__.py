"""Put numbers, times, sizes, states and findings into words; nothing here knows Markdown."""
