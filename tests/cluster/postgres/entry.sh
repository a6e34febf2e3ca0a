#!/bin/sh
# Makes the database on the first start, then becomes the server; arguments are handed to it.
# User, password and name of the database are files, as a Secret is mounted; only /var/lib/postgresql is written to.
set -eu
secret=/etc/postgres
data=/var/lib/postgresql/15
if [ ! -f "$data/complete" ]; then
  # A start that was interrupted has left half of it.
  rm -rf "$data"
  initdb --pgdata="$data" --username="$(cat "$secret/username")" --pwfile="$secret/password" \
    --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync
  echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
  echo "CREATE DATABASE \"$(cat "$secret/dbname")\"" | postgres --single -j -D "$data" postgres
  echo >"$data/complete"
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/var/lib/postgresql "$@"
