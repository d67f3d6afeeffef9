"""The checks of the exercises: on the reader's files with ``pytest tests/exercises``, on the solution in a full run."""

from tpe_reference.exercises.pytest_checks import examine as test_answer  # noqa: F401
