"""The door for terminals: one module a noun, imported only when its command is called."""
