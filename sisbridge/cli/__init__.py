"""The door for terminals: one module a noun, thin; every command has --json and documented exit codes."""
