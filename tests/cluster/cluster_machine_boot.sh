#!/bin/sh
# Boot systemd as pid 1 of namespaces of its own, on an overlay of this machine's root: nothing outside changes.
# Usage: cluster_machine_boot.sh BASE CGROUPS SHARED, each list with a line an item.
#   BASE     a directory of the caller's
#   CGROUPS  control groups that the machine gets as roots, as NAME PATH; NAME is the place below /sys/fs/cgroup,
#            "." where there is one hierarchy
#   SHARED   directories that the machine and the caller both have, as PATH TARGET
# Whatever kills the machine is a power cut: it boots again, with all that was written to its disk.
set -eu
base=$1 cgroups=$2 shared=$3

if [ -z "${MACHINE_DISK-}" ]; then
    mount -t tmpfs -o mode=755 tmpfs "$base"
    mkdir "$base/disk" "$base/work" "$base/root"
    export MACHINE_DISK="$base/disk"
    touch "$base/up"
    while [ -e "$base/up" ]; do # a boot that fails would fail again
        rm "$base/up"
        setpriv --pdeathsig KILL unshare --pid --mount --uts --ipc --fork --kill-child \
            sh "$0" "$base" "$cgroups" "$shared" || :
    done
    exit 1
fi

root=$base/root
mount -t overlay -o "lowerdir=/,upperdir=$MACHINE_DISK,workdir=$base/work" overlay "$root"
mount -t proc proc "$root/proc"
for closed in sys sysrq-trigger; do
    [ -e "$root/proc/$closed" ] || continue
    mount --bind "$root/proc/$closed" "$root/proc/$closed"
    mount -o remount,bind,ro "$root/proc/$closed"
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
while read -r device minor; do
    mknod -m 666 "$root/dev/$device" c "${minor%:*}" "${minor#*:}"
done <<LIST
null 1:3
zero 1:5
full 1:7
random 1:8
urandom 1:9
tty 5:0
LIST
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

# Only systemd itself and the journal: nothing of this machine's own services, timers, mounts and cleaning.
units=$root/lib/systemd/system
rm -rf "$units/sysinit.target.wants" "$units/timers.target.wants" "$units/local-fs.target.wants"
rm -rf "$units/multi-user.target.wants" "$units/basic.target.wants" "$units/graphical.target.wants"
rm -f "$root/lib/systemd/system-generators"/* "$root/etc/fstab"
for socket in "$units/sockets.target.wants"/*; do
    case $socket in
        */systemd-journald.socket | */systemd-journald-dev-log.socket) ;;
        *) rm -f "$socket" ;;
    esac
done
if [ ! -e "$MACHINE_DISK/installed" ]; then
    rm -rf "$root/etc/systemd/system"/* "$root/etc/systemd"/*.conf.d
    touch "$MACHINE_DISK/installed"
fi
printf '[Journal]\nStorage=volatile\nAudit=no\nReadKMsg=no\nForwardToWall=no\n' >"$root/etc/systemd/journald.conf"

while read -r from to; do
    mkdir -p "$root$to"
    mount --bind "$from" "$root$to"
done <<LIST
$shared
LIST
if [ "${cgroups%% *}" != . ]; then
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
fi
while read -r name group; do
    [ "$name" = . ] || mkdir "$root/sys/fs/cgroup/$name"
    mount --bind "$group" "$root/sys/fs/cgroup/$name"
    echo 0 >"$group/cgroup.procs"
done <<LIST
$cgroups
LIST

touch "$base/up"
cd "$root"
mkdir -p mnt/old
pivot_root . mnt/old
umount -l /mnt/old
# As in a container: no clock, no modules, no devices' ports, no audit of the kernel that it shares.
# shellcheck disable=SC2093
exec env -i container=afterall-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    unshare --cgroup \
    setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-sys_boot,-audit_control,-syslog --inh-caps=-all \
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=no
