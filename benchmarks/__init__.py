"""Speed and quality, measured: each module prints a table and writes JSON. The app imports none of it."""
