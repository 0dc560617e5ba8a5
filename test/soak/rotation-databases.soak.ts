import { afterAll, beforeAll, expect, test } from 'vitest';
import { findMariadb } from '../../src/local/stack/targets/mariadb.ts';
import { findPostgres } from '../../src/local/stack/targets/postgres.ts';
import { describeWith } from '../support/databases.ts';
import {
  consumedRotations,
  type DatabaseRotations,
  END_PLACES,
  killedEnd,
  killedRotation,
  killPlaces,
  startDatabaseRotations,
} from '../support/rotation-rounds.ts';
import type { TargetKind } from '../support/rotation-targets.ts';

const ROTATIONS = Number(process.env['HSMKEEP_SOAK_ROTATIONS'] ?? 50);

/** Every kind, by its name in the log. */
const KINDS: readonly [string, (app: DatabaseRotations) => TargetKind][] = [
  ['postgres alternating', ({ postgres }) => postgres.alternating],
  ['mariadb multi', ({ mariadb }) => mariadb.multi],
  ['postgres single', ({ postgres }) => postgres.single],
  ['mariadb single', ({ mariadb }) => mariadb.single],
  ['postgres by itself', ({ postgres }) => postgres.self],
  ['mariadb by itself', ({ mariadb }) => mariadb.self],
];

describeWith({ ...findPostgres(), ...findMariadb() }, 'rotations of real databases', () => {
  let app: DatabaseRotations;
  beforeAll(async () => {
    app = await startDatabaseRotations();
  });
  afterAll(() => app?.stop());

  for (const forgetful of [true, false])
    test.each(KINDS)(`of %s survive a kill at every place${forgetful ? ', the database lost with it' : ''}`, async (name, of) => {
      for (const at of killPlaces(of(app))) {
        await killedRotation(app, of(app), { at, forgetful });
        console.log(`${name}\t${at}${forgetful ? '\tdatabase lost' : ''}\tone change, same id`);
      }
    });

  for (const forgetful of [true, false])
    test.each(KINDS)(
      `of %s survive a kill at every place of their end${forgetful ? ', the database lost with it' : ''}`,
      async (name, of) => {
        for (const at of END_PLACES) {
          await killedEnd(app, of(app), { at, forgetful });
          console.log(`${name}\t${at}${forgetful ? '\tdatabase lost' : ''}\tended, same id`);
        }
      },
    );

  test.each(KINDS.slice(0, 4))(`of %s under consumers, ${ROTATIONS} times`, async (name, of) => {
    const { gapsMs, ...seen } = await consumedRotations(app, of(app), ROTATIONS);
    const sorted = gapsMs.toSorted((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((share) => sorted[Math.ceil(sorted.length * share) - 1]);
    console.log(`${name}\t${JSON.stringify({ ...seen, gaps: gapsMs.length, p50, p99 })}`);
    // With one password logins fail between the change and the publication, and at no other time.
    if (of(app).overlap) expect(seen.failures).toBe(0);
    else expect(gapsMs.length).toBeLessThanOrEqual(seen.rotations);
  });
});
