"""Reviewing: the queue, one visit with its flags, and the decisions."""
