/** What went wrong while the emulator starts, for the person who started it: what happened, then what to do. */
export class EmulatorError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'EmulatorError';
    this.hint = hint;
  }
}
