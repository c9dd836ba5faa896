"""Regbrief inside other frameworks."""
