'use strict';
/*
 * Loaded into every measured process by `--require`: reports on exit what the process used. Plain JavaScript, because stripping types would cost
 * more than what is measured.
 */
const { readFileSync, writeSync } = require('node:fs');

const REPORT_FD = 3;

process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const functions = globalThis.benchRegisteredFunctions ?? 0;
  writeSync(REPORT_FD, JSON.stringify({ functions, cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMiB: peakMiB() }));
});

/** Linux lets a child begin with its parent's maximum, so there the peak of this program's own memory is read instead. */
function peakMiB() {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kibibytes) return Number(kibibytes) / 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS / 1024;
}
