/** The audit trail, container `hsmkeep-audit`: lines are added and never changed. */
export interface AuditLog {
  /**
   * Adds lines to this process's blob of the day, in one request. A repetition adds them again.
   *
   * @param at ISO 8601 UTC; names the day.
   * @throws {RefusedError} or {TransientError}
   */
  append(lines: readonly string[], at: string): Promise<void>;
  /**
   * Every line of a day, of all processes, in no particular order; a line that was written twice comes twice.
   *
   * @param day `2026-11-22`, UTC.
   * @throws {RefusedError} or {TransientError}
   */
  read(day: string): AsyncIterable<string>;
}
