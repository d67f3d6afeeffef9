"""What all pages of HTML share: one file that loads nothing, light and dark, for a screen, a phone and paper.

Texts that come from others have to be escaped before they get here: see `text.as_html`.

Start reading at `document`.

>>> document("A page", table([["a", "b"], ["1", "2"]])).startswith("<!doctype html>")
True
"""

from __future__ import annotations

import html
from collections.abc import Container, Sequence

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --dim: #5b6168; --paper: #fff; --line: #d5d9dd; --mark: #e8f1fb; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --dim: #a2a9b0; --paper: #16181b; --line: #3a4047; --mark: #1d3147; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; }
h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.2rem; }
p, li { max-width: 46rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
img { display: block; width: 100%; min-width: 38rem; border-radius: 6px; background: #fff; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .8rem .35rem 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; vertical-align: bottom; white-space: normal; }
tr.best td, td.best { background: var(--mark); }
td:first-child { white-space: normal; min-width: 9rem; }
td small { display: block; } /* an interval stands under its number, so that a table fits its column */
small, .dim { color: var(--dim); } small { white-space: nowrap; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; } pre { overflow-x: auto; }
@media print { body { max-width: none; } img { min-width: 0; } section { break-inside: avoid; } }
"""


def document(title: str, body: str, head: str = "") -> str:
    """Return a whole page.

    Args:
        title: Its title, as text.
        body: What it holds, in HTML.
        head: What is to stand at the end of its head, in HTML: styles of its own.
    """
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style>{head}</head><body>
{body}
</body></html>
"""


def table(rows: Sequence[Sequence[str]], marked: Container[int] = ()) -> str:
    """Return a table of cells that are HTML already; the first row is its head."""
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join(
        f"<tr{' class=best' if i in marked else ''}>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for i, row in enumerate(rows[1:], start=1)
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
