"""Make text of others' safe to print: no terminal obeys a file's name."""


def plain(text: str) -> str:
    """Return `text` on one line, with everything unprintable and every undecodable byte spelled out."""
    return "".join(c if c.isprintable() else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    point = ord(character)
    if 0xDC80 <= point <= 0xDCFF:  # os.fsdecode's stand-in for the undecodable byte 0x80..0xff
        return f"\\x{point - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode()
