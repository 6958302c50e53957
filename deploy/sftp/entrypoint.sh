#!/bin/sh
# Make an account for each file of public keys in /authorized-keys, then serve SFTP in the foreground.
set -eu

# Kept in a volume: connectors pin the host key, so it must outlive the container.
key=/host-keys/ssh_host_ed25519_key
[ -f "$key" ] || ssh-keygen -q -t ed25519 -N '' -f "$key"
echo "host key: $(ssh-keygen -lf "$key.pub")"

getent group districts >/dev/null || groupadd --gid 2000 districts
for keys in /authorized-keys/*; do
    [ -f "$keys" ] || continue
    district=$(basename "$keys")
    id "$district" >/dev/null 2>&1 \
        || useradd --no-create-home --gid districts --shell /usr/sbin/nologin "$district"
    # sshd insists that the folder it locks an account into belongs to root.
    mkdir -p "/districts/$district/outgoing" "/districts/$district/inbox"
    chown root:root "/districts/$district"
    chown "$district:districts" "/districts/$district/outgoing" "/districts/$district/inbox"
done

mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e -f /etc/ssh/sisbridge_sshd_config
