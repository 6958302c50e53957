"""The door for Airflow: what the Dags call, the asset they share, and the provider's card."""
