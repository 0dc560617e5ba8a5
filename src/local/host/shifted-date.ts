const RealDate = globalThis.Date;
let offsetMs = 0;

/**
 * Moves the time of the whole process: `Date.now()`, `new Date()` and `Date()` answer the real time plus the offset, for the app, its SDKs,
 * token checks and the engine alike. A date made from a value is left alone, and `instanceof Date` holds for every date, also those that
 * Node made itself. Timeouts and `performance.now()` keep running on real time.
 *
 * @param milliseconds Of offset; 0 puts the real `Date` back.
 */
export function shiftDate(milliseconds: number): void {
  offsetMs = milliseconds;
  globalThis.Date = milliseconds === 0 ? RealDate : ShiftedDate;
}

const shiftedNow = (): number => RealDate.now() + offsetMs;

// A proxy rather than a subclass: dates of both kinds then share one prototype, which `instanceof` and `structuredClone` look at.
const ShiftedDate = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget),
  apply: () => new RealDate(shiftedNow()).toString(),
  get: (target, name, receiver) => (name === 'now' ? shiftedNow : Reflect.get(target, name, receiver)),
});
