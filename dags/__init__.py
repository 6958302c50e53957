"""The schedule: thin Dags that decide when, never how."""
