import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { AnswerSheet } from '../../domain/verify/answers.ts';
import { type CallerOptions, findHsm, withCallerOptions } from '../caller.ts';
import { confirm } from '../confirm.ts';
import { MisuseError } from '../errors.ts';
import { forPeople } from '../for-people.ts';
import { type CommandContext, print, withExamples } from './command.ts';

type VerifyOptions = CallerOptions &
  Readonly<{ hsm: string; container?: string; preRestore?: boolean; overlap?: boolean; out?: string; yes?: boolean }>;

/** `hsmkeep verify-azure`: asks a real HSM what nobody has written down, and prints a sheet that a user can send us. */
export function verifyAzureCommand({ io }: CommandContext): Command {
  const verify = new Command('verify-azure')
    .description('try hsmkeep on a real HSM: takes a backup, restores nothing; prints an anonymous answer sheet that you can send us')
    .requiredOption('--hsm <hsm>', 'its configured name, or its address')
    .option('--container <url>', 'where the backup goes; without it the configured one')
    .option('--pre-restore', 'also show the HSM its backup (the pre-restore check): its effect on a busy HSM is unmeasured')
    .option('--overlap', 'also ask for a second backup while the first runs; if it is not refused, there are two')
    .option('--out <file>', 'also write the sheet into a file, as JSON')
    .option('--yes', 'do not ask')
    .action(async (options: VerifyOptions) => {
      const { name, url, container, access, storage } = await findHsm(options.hsm, options, io);
      const target = options.container ?? container;
      if (target === undefined)
        throw new MisuseError(
          'Say where the backup goes.',
          'Name a container that the HSM may write to: --container https://<account>.blob.core.windows.net/<container>.',
        );
      const [{ parseConfig }, { createClients }, { verifyAzure }] = await Promise.all([
        import('../../config/config.ts'),
        import('../../clients/clients.ts'),
        import('../../admin/verify/verify-azure.ts'),
      ]);
      const config = parseConfig(JSON.stringify({ hsms: [{ name, url, backupTo: { container: target } }] }));
      await confirm(io, `Take a backup of ${name} into ${target}`, options.yes);

      const account = storage ?? target.slice(0, target.lastIndexOf('/'));
      const clients = createClients({ config, storage: account, duties: ['backup'], identities: {} }, 'backup', access);
      const { sheet, folder } = await forPeople(() =>
        verifyAzure({
          clients,
          access,
          hsm: name,
          preRestore: options.preRestore === true,
          overlap: options.overlap === true,
          say: (line) => io.stderr.write(`${line}\n`),
          now: () => io.now(),
        }),
      );
      if (options.out !== undefined) writeFileSync(resolve(io.cwd, options.out), `${JSON.stringify(sheet, null, 2)}\n`);
      print(io, options, sheet, sheetPage);
      io.stderr.write(`The backup stays: ${folder}. The sheet names nobody; read it before you send it.\n`);
    });
  return withExamples(withCallerOptions(verify.option('--storage <account>', 'connection string, for an account on this machine')), [
    [
      'try it on an HSM of your own',
      'hsmkeep verify-azure --hsm https://contoso-hsm.managedhsm.azure.net --container https://contosobackup.blob.core.windows.net/hsm',
    ],
    ['with the check before a restore, into a file', 'hsmkeep verify-azure --hsm contoso-hsm --pre-restore --out answers.json'],
  ]);
}

function sheetPage({ hsmkeep, node, on, cloud, answers }: AnswerSheet): string {
  const lines = answers.map(({ id, question, answer }) => `${id}\n  ${question}\n  -> ${answer ?? '(not asked)'}\n`);
  return [`hsmkeep ${hsmkeep} on Node ${node}, ${on}, ${cloud ?? 'an address'}\n`, ...lines].join('\n');
}
