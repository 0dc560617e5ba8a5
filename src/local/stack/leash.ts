/** How long a process may take to end by itself. */
const GRACE_MS = 10_000;

/**
 * Preloaded into every process of the local stack: when the stack itself is gone, however that happened, the process ends too. It
 * is text because it must run as it is, whether the stack runs from its sources or built.
 */
const SOURCE = `
process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${GRACE_MS}).unref();
});
// The channel only tells of the parent's end: it must not keep the process alive.
process.channel?.unref();
`;

/** The option of Node that preloads it. */
export const LEASH: readonly string[] = ['--import', `data:text/javascript,${encodeURIComponent(SOURCE)}`];
