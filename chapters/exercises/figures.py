"""The tables on the pages about exercises: what there is to write, and what it counts for."""

from pathlib import Path

from tpe_reference.exercises.chapters import CHAPTERS


def make(out: Path) -> None:
    """Write both tables, without their heads."""
    points, functions = [], []
    for chapter in CHAPTERS:
        link = f"[{chapter.title}](../{chapter.folder}/index.md)"
        total, minutes = (sum(getattr(one, what) for one in chapter.exercises) for what in ("points", "minutes"))
        points.append(f"| {chapter.number}: {link} | {len(chapter.exercises)} | {total} | {minutes} |")
        names = ", ".join(f"`{one.name}`" + ("" if one.target else " (open)") for one in chapter.exercises)
        functions.append(f"| {chapter.number}: {link} | {names} |")
    (out / "points.md").write_text("\n".join(points) + "\n", encoding="utf-8")
    (out / "functions.md").write_text("\n".join(functions) + "\n", encoding="utf-8")
