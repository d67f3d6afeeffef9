"""The comparison harness: who finds what, how soon, on which problem, and how sure that is.

``tpe-reference compare`` runs it; see ``--help``. Arrows point one way::

    cli -> plan -> runner -> contestants -> problems, peers -> loading     what is run
     '---> report -> plots -> results -> statistics                        what is made of it
"""

from .contestants import CONTESTANTS
from .problems import PROBLEMS, Problem

__all__ = ["CONTESTANTS", "PROBLEMS", "Problem"]
