"""Has the upstream make images and videos, and fetches what it made."""
