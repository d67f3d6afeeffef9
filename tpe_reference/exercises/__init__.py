"""Exercises: write the heart of an algorithm, and see it take the real one's place.

A chapter has a file of stubs, and *checks* that tell an answer from a mistake. The functions to write are functions of
this package, with the same names and arguments, so the package is the solution. ``tpe-reference exercises`` shows
what is done; pytest runs the same checks (`pytest_checks`).

Start reading at `checking.Chapter`, then one chapter: `ch04_tpe`. `answers` finds and runs somebody's file,
`putting_in` puts a function into the real algorithm.
"""

from .putting_in import put_into

__all__ = ["put_into"]
