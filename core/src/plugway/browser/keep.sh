#!/bin/sh
# What the driver starts as the browser: a program of one name, which is all that it can start.
exec "$PLUGWAY_KEEPER_PYTHON" -I -S "$PLUGWAY_KEEPER" "$@"
