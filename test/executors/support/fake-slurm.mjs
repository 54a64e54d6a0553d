// Acts as sbatch, squeue, sacct, scancel and scontrol: `fake-slurm.mjs COMMAND ARGS`. Everything lies in the folder $FAKE_SLURM; time passes
// there only when a command is called. A file faults/NAME is a fault: it holds how often it still happens.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.FAKE_SLURM;
const [command, ...args] = process.argv.slice(2);
const option = (name) => args.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3);
const at = (...parts) => join(root, ...parts);

/** Whether a fault happens now. */
function fault(name) {
  const path = at('faults', name);
  if (!existsSync(path)) return false;
  const left = Number(readFileSync(path, 'utf8')) - 1;
  if (left > 0) writeFileSync(path, String(left));
  else rmSync(path);
  return true;
}

function fail(words) {
  process.stderr.write(`${words}\n`);
  process.exit(1);
}

const tasks = () =>
  existsSync(at('tasks'))
    ? readdirSync(at('tasks')).map((name) => JSON.parse(readFileSync(at('tasks', name), 'utf8')))
    : [];
const keep = (task) => writeFileSync(at('tasks', `${task.array}_${task.index}`), JSON.stringify(task));

function kill(task) {
  try {
    process.kill(-task.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function start(task) {
  const exit = at('exits', `${task.array}_${task.index}.${task.starts}`);
  const line = `sh "$1" >>"$2" 2>&1; echo $? >"$3.tmp"; mv "$3.tmp" "$3"`;
  const child = spawn('/bin/sh', ['-c', line, 'sh', at('scripts', String(task.array)), task.log, exit], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, SLURM_ARRAY_TASK_ID: String(task.index), SLURM_CPUS_PER_TASK: task.cpus },
  });
  child.unref();
  keep({ ...task, state: 'RUNNING', pid: child.pid, exit, starts: task.starts + 1 });
}

/** What became of what runs, and what may begin. */
function pass() {
  for (const task of tasks()) {
    const wish = at('wishes', `${task.array}_${task.index}`);
    if (existsSync(wish)) {
      const state = readFileSync(wish, 'utf8');
      rmSync(wish);
      kill(task);
      keep({ ...task, state });
    } else if (task.state === 'RUNNING' && existsSync(task.exit)) {
      const code = Number(readFileSync(task.exit, 'utf8'));
      keep({ ...task, state: code === 0 ? 'COMPLETED' : 'FAILED', code });
    }
  }
  if (existsSync(at('faults', 'drained'))) return;
  for (const task of tasks()) {
    const running = tasks().filter(({ array, state }) => array === task.array && state === 'RUNNING').length;
    if (task.state === 'PENDING' && running < task.throttle) start(task);
  }
}

function submit() {
  for (const name of ['tasks', 'scripts', 'exits']) mkdirSync(at(name), { recursive: true });
  writeFileSync(at('submissions'), `${args.join(' ')}\n`, { flag: 'a' });
  if (fault('sbatch-unheard'))
    fail('sbatch: error: Batch job submission failed: Socket timed out on send/recv operation');
  if (fault('sbatch-refused'))
    fail('sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified');
  const array = 1 + Math.max(0, ...readdirSync(at('scripts')).map(Number));
  writeFileSync(at('scripts', String(array)), readFileSync(0));
  const [, last, throttle = '1000000'] = /^0-(\d+)(?:%(\d+))?$/.exec(option('array'));
  for (let index = 0; index <= Number(last); index++)
    keep({
      ...{ array, index, name: option('job-name'), state: 'PENDING', starts: 0, throttle: Number(throttle) },
      ...{ log: option('output').replace('%a', index).replaceAll('%%', '%'), cpus: option('cpus-per-task') },
    });
  if (fault('sbatch-lost')) fail('sbatch: error: Batch job submission failed: Socket timed out on send/recv operation');
  if (fault('sbatch-silent')) return;
  process.stdout.write(`${array};fake\n`);
}

function queue() {
  if (fault('squeue-fails')) fail('slurm_load_jobs error: Unable to contact slurm controller (connect failure)');
  pass();
  if (fault('squeue-garbled')) process.stdout.write('slurm_load_jobs: trouble at the mill\n');
  const names = option('name').split(',');
  const isHidden = ({ state }) => existsSync(at('faults', 'forgets')) && !['PENDING', 'RUNNING'].includes(state);
  for (const task of tasks().filter((each) => names.includes(each.name) && !isHidden(each)))
    process.stdout.write(`${task.array}|${task.index}|${task.state}|${task.name}|None\n`);
}

function accounting() {
  if (fault('sacct-empty')) return;
  if (!existsSync(at('faults', 'accounts'))) fail('Slurm accounting storage is disabled');
  const jobs = option('jobs').split(',').map(Number);
  for (const { array, index, state, code = 0 } of tasks().filter((each) => jobs.includes(each.array)))
    process.stdout.write(`${array}_${index}|${state === 'CANCELLED' ? 'CANCELLED by 1000' : state}|${code}:0\n`);
}

function cancel() {
  if (fault('scancel-fails')) fail('scancel: error: Kill job error on job id 1: Unable to contact slurm controller');
  for (const task of tasks())
    if (args.includes(String(task.array)) || args.includes(`${task.array}_${task.index}`)) {
      if (!['PENDING', 'RUNNING'].includes(task.state)) continue;
      if (task.state === 'RUNNING') kill(task);
      keep({ ...task, state: 'CANCELLED' });
    }
}

if (command === 'sbatch') submit();
else if (command === 'squeue') queue();
else if (command === 'sacct') accounting();
else if (command === 'scancel') cancel();
else process.stdout.write('Configuration data as of now\nMaxArraySize            = 4\n');
