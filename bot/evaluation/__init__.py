"""Answer quality that anyone can measure, offline: datasets, a runner, metrics and a report."""
