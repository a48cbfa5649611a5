"""A relay inside an applet page of the operator's own."""
