'use strict';
/*
 * Loaded by `--require` before a function app: stands in for the module that the Functions worker injects, so that the app registers its functions
 * for real, and counts them.
 */
const Module = require('node:module');

globalThis.benchRegisteredFunctions = 0;

/** As much of the worker's API as registration touches. */
const core = {
  version: '3.10.1',
  hostVersion: '4.1037.0',
  Disposable: class {
    dispose() {}
  },
  registerFunction() {
    globalThis.benchRegisteredFunctions += 1;
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
