import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** Of Linux on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time: of this process, and of its children by the script that they run. */
export type ProcessorTime = ReadonlyMap<string, number>;

/** What this process and its children have used so far. Children are seen on Linux only. */
export function processorTime(): ProcessorTime {
  const { user, system } = process.cpuUsage();
  const used = new Map([['this process', (user + system) / 1e6]]);
  for (const child of childrenOf(process.pid)) {
    const { script, seconds } = child;
    used.set(script, (used.get(script) ?? 0) + seconds);
  }
  return used;
}

/** What was used between two looks: seconds by name, the path of a script cut to its last two parts. */
export function spent(before: ProcessorTime, after: ProcessorTime): ProcessorTime {
  return new Map([...after].map(([name, seconds]) => [name.split('/').slice(-2).join('/'), seconds - (before.get(name) ?? 0)]));
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function childrenOf(pid: number): { script: string; seconds: number }[] {
  return tasksOf(pid)
    .flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean))
    .map((child) => {
      const [, script = ''] = read(`/proc/${child}/cmdline`).split('\0');
      // After the name of the command in brackets, which may hold spaces, comes field 3; user and system time are fields 14 and 15.
      const fields = read(`/proc/${child}/stat`)
        .replace(/^.*\) /s, '')
        .split(' ');
      return { script, seconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND };
    });
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Empty when the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
