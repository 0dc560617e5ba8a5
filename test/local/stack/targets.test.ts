import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findMariadb, startMariadb } from '../../../src/local/stack/targets/mariadb.ts';
import { findPostgres, startPostgres } from '../../../src/local/stack/targets/postgres.ts';
import type { RunningTarget } from '../../../src/local/stack/targets/programs.ts';
import { describeWith } from '../../support/databases.ts';

const SOURCES = join(import.meta.dirname, '..', '..', '..', 'src', 'local', 'stack', 'targets');
const hears = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    setTimeout(() => socket.destroy(), 1000).unref();
  });

for (const [name, found, start, file] of [
  ['PostgreSQL', findPostgres(), startPostgres, 'postgres.ts'],
  ['MariaDB', findMariadb(), startMariadb, 'mariadb.ts'],
] as const) {
  describeWith(found, `a local ${name}`, () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'hsmkeep-target-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('goes on after a stop with the same administrator', async () => {
      const passwords: string[] = [];
      for (let time = 0; time < 2; time += 1) {
        const server = (await start({ folder })) as RunningTarget;
        expect(await hears(server.port)).toBe(true);
        passwords.push(server.admin.password);
        await server.stop();
        await server.stop();
        expect(await hears(server.port)).toBe(false);
      }
      expect(passwords[1]).toBe(passwords[0]);
    });

    test('ends when whoever started it is killed', async () => {
      const script = `
        import { ${start.name} as start } from ${JSON.stringify(join(SOURCES, file))};
        const { port } = await start({ folder: ${JSON.stringify(folder)} });
        console.log(port);
        setInterval(() => {}, 1000);`;
      const options = [
        '--conditions=hsmkeep-source',
        '--experimental-strip-types',
        '--no-warnings',
        '--input-type=module',
        '--eval',
        script,
      ];
      const parent = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = await once(createInterface(parent.stdout), 'line');
      const port = Number(line);
      expect(await hears(port)).toBe(true);
      parent.kill('SIGKILL');
      await expect.poll(() => hears(port), { timeout: 20_000 }).toBe(false);
    });
  });
}

describeWith(findPostgres(), 'a local PostgreSQL that root starts', () => {
  test.skipIf(process.getuid?.() !== 0)('below a folder that only root may enter says so', async () => {
    const closed = mkdtempSync(join(tmpdir(), 'hsmkeep-closed-'));
    try {
      await expect(startPostgres({ folder: join(closed, 'deep', 'pg') })).rejects.toThrow('cannot be entered');
    } finally {
      rmSync(closed, { recursive: true, force: true });
    }
  });
});
