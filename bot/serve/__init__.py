"""Faces for programs: they translate between HTTP and `Regbrief`, and decide nothing."""
