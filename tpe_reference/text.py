r"""Text that others wrote, made fit to be shown: on a line of a terminal, in a picture, in a page of HTML.

The names of studies, parameters and choices may hold anything: line breaks, the commands that move a terminal's
cursor, letters that turn the direction of writing, half of a surrogate pair, ten thousand letters.

Start reading at `clean`.

>>> clean("a\x1b[2Jb"), shorten("a_very_long_parameter_name", 13), as_html("<b>")
('a\\x1b[2Jb', 'a_very…r_name', '&lt;b&gt;')
"""

from __future__ import annotations

import html
import unicodedata

LONGEST = 80  # letters of a name or value where there is no better reason: about a line


def clean(text: object) -> str:
    """Return a text with all that is no printable letter spelt out: control characters, a line break for one."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def shorten(text: str, length: int) -> str:
    """Leave out the middle of a text that is longer; both its ends stay, where names of a family differ."""
    length = max(3, length)
    return text if len(text) <= length else f"{text[: length // 2]}…{text[len(text) - (length - 1) // 2 :]}"


def on_a_line(text: object, longest: int = LONGEST) -> str:
    """Return a text as it may stand in the line of a terminal, between others.

    Letters that are written from right to left are kept apart from what follows: otherwise a terminal that knows their
    direction would carry the numbers beside them over to their other side.
    """
    shown = shorten(clean(text), longest)
    turns = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in shown)
    return f"\N{FIRST STRONG ISOLATE}{shown}\N{POP DIRECTIONAL ISOLATE}" if turns else shown


def as_html(text: object, longest: int | None = LONGEST) -> str:
    """Return a text as it may stand in HTML, also inside an attribute; None: whole, however long it is."""
    shown = clean(text)
    return html.escape(shown if longest is None else shorten(shown, longest))
