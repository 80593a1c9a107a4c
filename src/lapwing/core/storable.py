"""Whatever another system or an error says, as a text that any database takes."""


def storable(text: str) -> str:
    """Databases take neither NUL nor half characters, and JSON may hold both."""
    return text.replace("\0", "\\0").encode("utf-8", "replace").decode()
