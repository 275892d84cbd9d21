"""The revisions, named `<room>_<number>_<words>.py`."""
