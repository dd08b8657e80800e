"""What pages of the documentation show."""
import re


def blocks(page, language="", marker=None):
    """The fenced blocks of a page, in order; those of a language, after a marker."""
    text = page.read_text()
    if marker is not None:
        assert f"<!-- {marker} -->" in text, f"{page.name} has no {marker}"
        text = text.split(f"<!-- {marker} -->", 1)[1]
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
