"""Images and videos that models make as tasks, followed until they end."""
