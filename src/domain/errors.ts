/** An error for a person: what happened, then what to do. The command line prints both and exits 1. Any other error is our bug. */
export class OperatorError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OperatorError';
    this.hint = hint;
  }
}

/** Something is asked for that the configuration does not name. */
export class NotConfiguredError extends OperatorError {}

/** Something is asked for that is not there. */
export class NotFoundError extends OperatorError {}
