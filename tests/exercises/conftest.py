"""Has pytest check answers to the exercises: ``--answer PATH`` says whose, ``-m ch04`` which chapter's."""

from tpe_reference.exercises.pytest_checks import (  # noqa: F401
    examiner,
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_generate_tests,
    pytest_terminal_summary,
)
