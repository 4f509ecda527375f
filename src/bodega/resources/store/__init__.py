"""The store itself: information, time, tasks."""
