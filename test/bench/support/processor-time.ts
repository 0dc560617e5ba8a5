import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** Of Linux on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time: of this process, and of its children by the file that they run. */
export type ProcessorTime = ReadonlyMap<string, number>;

/** What this process and its children have used so far. Children are seen on Linux only. */
export function processorTime(): ProcessorTime {
  const { user, system } = process.cpuUsage();
  const used = new Map([['this process', (user + system) / 1e6]]);
  for (const pid of childrenOf(process.pid)) {
    const [, script = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    // After the command's name in brackets, which may hold spaces: fields 3 and on. utime and stime are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    used.set(script, (used.get(script) ?? 0) + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND);
  }
  return used;
}

function childrenOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
  } catch {
    return [];
  }
}

/** What was used between two looks, in words, the path of a script cut to its last two parts: `host/main.js 3.1 s`. */
export function spent(before: ProcessorTime, after: ProcessorTime): string {
  const parts = [...after].map(([name, seconds]) => {
    const short = name.split('/').slice(-2).join('/');
    return `${short} ${(seconds - (before.get(name) ?? 0)).toFixed(1)} s`;
  });
  return parts.join(', ');
}
