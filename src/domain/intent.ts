/** `intents/<run>.json`: how things stood before a run's first start request. What is new afterwards is the night's. */
export type Intent = Readonly<{
  schema: 'hsmkeep.intent/1';
  run: string;
  hsm: string;
  /** The HSM's own clock, ISO 8601 UTC. */
  at: string;
  /** This HSM's backup folders in the container. */
  folders: readonly string[];
}>;

export const intentPath = (run: string): string => `intents/${run}.json`;

/** Where a run keeps what it has read so far; removed at its end. */
export const stagingPath = (hsm: string, run: string): string => `hsmkeep/${hsm}/staging/${run}/`;
