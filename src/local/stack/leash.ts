// Preloaded into every process of the local stack: when the stack itself is gone, however that happened, the process ends too.

/** How long a process may take to end by itself. */
const GRACE_MS = 10_000;

process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
});
// The channel only tells of the parent's end: it must not keep the process alive.
process.channel?.unref();

export {};
