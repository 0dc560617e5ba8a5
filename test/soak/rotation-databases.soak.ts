import { afterAll, beforeAll, expect, test } from 'vitest';
import { findMariadb } from '../../src/local/stack/targets/mariadb.ts';
import { findPostgres } from '../../src/local/stack/targets/postgres.ts';
import { describeWith } from '../support/databases.ts';
import {
  consumedRotations,
  type DatabaseRotations,
  killedRotation,
  killPlaces,
  startDatabaseRotations,
} from '../support/rotation-rounds.ts';
import type { TargetKind } from '../support/rotation-targets.ts';

const ROTATIONS = Number(process.env['HSMKEEP_SOAK_ROTATIONS'] ?? 50);

describeWith({ ...findPostgres(), ...findMariadb() }, 'rotations of real databases', () => {
  let app: DatabaseRotations;
  const report: string[] = [];
  const kinds = (): TargetKind[] => [...Object.values(app.postgres), ...Object.values(app.mariadb)];
  beforeAll(async () => {
    app = await startDatabaseRotations();
  });
  afterAll(async () => {
    await app?.stop();
    console.log(report.join('\n'));
  });

  test.each([0, 1, 2, 3, 4, 5])('of kind %i survive a kill at every place, also when the host forgets everything', async (index) => {
    const kind = kinds()[index] as TargetKind;
    for (const at of killPlaces(kind))
      for (const forgetful of [false, true]) {
        await killedRotation(app, kind, { at, forgetful });
        report.push(`${kind.name}\t${at}${forgetful ? '\tdatabase deleted' : ''}\tone change, same id`);
      }
  });

  test(`with overlap are not noticed by consumers, ${ROTATIONS} times`, async () => {
    for (const kind of [app.postgres.alternating, app.mariadb.multi]) {
      const seen = await consumedRotations(app, kind, ROTATIONS);
      report.push(`${kind.name}\t${JSON.stringify(seen)}`);
      expect(seen.failures, kind.name).toBe(0);
    }
  });

  test(`with one password fail only between the change and the publication, ${ROTATIONS} times`, async () => {
    for (const kind of [app.postgres.single, app.mariadb.single]) {
      const seen = await consumedRotations(app, kind, ROTATIONS);
      report.push(`${kind.name}\t${JSON.stringify(seen)}`);
      expect(seen.longestGapMs, kind.name).toBeLessThan(1000);
    }
  });
});
