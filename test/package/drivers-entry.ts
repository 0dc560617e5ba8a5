import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import { withMariadb } from '../../src/providers/mariadb-session.ts';
import { withPostgres } from '../../src/providers/postgres-session.ts';
import { TargetError } from '../../src/providers/target-error.ts';

/** Bundled and run by `drivers.test.ts`: tells how far each driver gets where nothing listens. */
const context = { signal: AbortSignal.timeout(20_000) };
const target = { host: '127.0.0.1', port: 1, database: 'app', tls: false };
const login = { user: 'app', password: new Sensitive('a password') };
for (const work of [
  () => withPostgres(context, target, login, async () => undefined),
  () => withMariadb(context, target, login, async () => undefined),
]) {
  const thrown = await work().catch((error: unknown) => error);
  console.log(thrown instanceof TargetError ? thrown.failure.code : thrown);
}
