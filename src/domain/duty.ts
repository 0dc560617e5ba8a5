/** What one deployed app may do, with an identity of its own. */
export const DUTIES = ['backup', 'restore', 'rotate'] as const;
export type Duty = (typeof DUTIES)[number];
