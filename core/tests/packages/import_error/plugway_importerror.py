"""A plugin whose dependency is missing."""

import plugway_dependency_that_nobody_has  # type: ignore[import-not-found]  # that is the point

answer = plugway_dependency_that_nobody_has.answer
