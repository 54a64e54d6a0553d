#!/usr/bin/env bash
# A Slurm of one node in a folder, for tests: `slurm.sh start FOLDER` starts munge, controller and node and waits until the node is idle;
# `slurm.sh stop FOLDER` ends them. Commands find it by SLURM_CONF=FOLDER/slurm.conf. Needs root and Debian's slurm-wlm and munge;
# neither systemd nor control groups: processes are found by /proc. Exits with 3 where something of that is missing, and says what.
set -euo pipefail
[ "$#" -eq 2 ] || { echo "usage: slurm.sh start|stop FOLDER" >&2; exit 2; }
folder="$2"

missing() { echo "$1" >&2; exit 3; }

# Ends a daemon by the number it left, and waits until it is gone.
end() {
  local pid
  pid="$(cat "$folder/$1.pid" 2>/dev/null)" || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null || true
}

if [ "$1" = stop ]; then
  for daemon in slurmd slurmctld munged; do end "$daemon"; done
  exit 0
fi

export PATH="$PATH:/usr/sbin:/sbin"
[ "$(id -u)" = 0 ] || missing "Slurm is started by root alone here"
for program in munged slurmctld slurmd sbatch squeue scancel scontrol; do
  command -v "$program" >/dev/null || missing "$program is not installed: apt-get install slurm-wlm munge"
done

mkdir -p "$folder/state" "$folder/spool" "$folder/munge"
chmod 700 "$folder/munge"
host="$(hostname -s)"
port="${SLURM_TEST_PORT:-$((20000 + RANDOM % 20000))}"
cpus=8
memory="$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)"

dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 600 "$folder/munge/key"
# More processors are claimed than there may be, so that several runs go side by side.
cat >"$folder/slurm.conf" <<EOF
ClusterName=lightmem
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge.socket
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
MaxArraySize=${SLURM_TEST_MAX_ARRAY:-4}
MinJobAge=300
KillWait=5
InactiveLimit=0
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=usual Nodes=$host Default=YES PriorityTier=1 MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=$host PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
EOF

export SLURM_CONF="$folder/slurm.conf"
munged --force --key-file="$folder/munge/key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/munge/seed"
slurmctld -c -f "$SLURM_CONF"
slurmd -f "$SLURM_CONF"

for _ in $(seq 300); do
  [ "$(sinfo --noheader --format=%T --partition=usual 2>/dev/null)" = idle ] && exit 0
  sleep 0.1
done
echo "the node is not idle after 30 s:" >&2
tail -n 20 "$folder/slurmctld.log" "$folder/slurmd.log" >&2 || true
"$0" stop "$folder"
exit 1
