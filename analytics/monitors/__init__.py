"""Monitors: when a dated answer deserves attention, and which answers belong to one incident."""
