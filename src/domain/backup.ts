/** @see design: L0 stored, L1 hashed, L2 accepted by pre-restore, L3c canary restored, L3 fully restored. */
export const PROOF_LEVELS = ['L0', 'L1', 'L2', 'L3c', 'L3'] as const;
export type ProofLevel = (typeof PROOF_LEVELS)[number];

export const atLeast = (proof: ProofLevel, wanted: ProofLevel): boolean => PROOF_LEVELS.indexOf(proof) >= PROOF_LEVELS.indexOf(wanted);
