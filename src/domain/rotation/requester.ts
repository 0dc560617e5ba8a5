/**
 * Who asked for a rotation: a person or an app, as their verified token says; an event of the vault, by its id; or a sweep, by its instance.
 * Enters histories and the audit trail.
 */
export type Requester = Readonly<
  { kind: 'person' | 'app'; oid: string; name: string } | { kind: 'event'; id: string } | { kind: 'sweep'; id: string }
>;
