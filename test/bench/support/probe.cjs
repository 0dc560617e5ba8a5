'use strict';
/*
 * Loaded into every measured process by `--require`: stands in for the module that the Functions worker injects, so that a function app registers
 * its functions for real, and reports on exit what the process used. Plain JavaScript, because stripping types would cost more than what is measured.
 */
const { readFileSync, writeSync } = require('node:fs');
const Module = require('node:module');

const REPORT_FD = 3;
let functions = 0;

/** As much of the worker's API as registration touches. */
const core = {
  version: '3.10.1',
  hostVersion: '4.1037.0',
  Disposable: class {
    dispose() {}
  },
  registerFunction() {
    functions += 1;
    return { dispose() {} };
  },
  registerHook: () => ({ dispose() {} }),
  setProgrammingModel() {},
  getProgrammingModel: () => undefined,
  log() {},
};

const { require: original } = Module.prototype;
Module.prototype.require = function (id) {
  return id === '@azure/functions-core' ? core : original.call(this, id);
};

process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
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
