"""Say how deep verification looked, and what a look of that depth cannot see."""

from afterall.model import Tier

LOOKED_AT = {
    Tier.QUICK: "sizes, headers, structure, and what files say of each other",
    Tier.VALUES: "structure, and every weight read once",
    Tier.AGAINST: "structure, every weight read once, and every file compared with its recorded digest",
}
REPORTED = {
    tier: f"{tier.value} tier: {words}{'; weights were not read' if tier is Tier.QUICK else ''}"
    for tier, words in LOOKED_AT.items()
}
"""For the report, which has no place for what to do next."""
NOT_SEEN = {
    Tier.QUICK: "no weights were read (--deep reads them)",
    Tier.VALUES: "a weight that became another plausible number is not seen (--against MANIFEST sees it)",
    Tier.AGAINST: "what changed before the digests were recorded is not seen",
}
NOT_REACHED = {
    Tier.QUICK: "not all of their weights could be read",
    Tier.VALUES: "not all of their files have a recorded digest",
}
"""Where a deeper tier was asked for."""
