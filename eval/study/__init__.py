"""Listening tests: the plan, the survey page, reading answers, statistics."""
