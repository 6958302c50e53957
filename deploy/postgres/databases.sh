#!/bin/sh
# Give Airflow and sisbridge a database and an account each: neither can read the other's.
set -eu

for name in airflow sisbridge; do
    password=$(printenv "$(echo "$name" | tr '[:lower:]' '[:upper:]')_DB_PASSWORD")
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set name="$name" --set password="$password" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8';
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
-- Said at length, an error holds the whole row that failed, and the server's log is no place for a child's.
ALTER DATABASE :"name" SET log_error_verbosity = terse;
SQL
done
